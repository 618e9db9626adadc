// Preloaded into the router: how long it waits for an engine whose machine says nothing any more.
//
// SMG 1.13.0 gives every connection ten seconds to be made and tries three times; no option changes that. A connection
// whose peer vanished lasts as long as the kernel's patience: minutes. Engines acknowledge what they get at once, however
// long they work on it, so silence tells. Each limit is set before the connection is made (docs/runbooks/gateway.md).
#define _GNU_SOURCE
#include <dlfcn.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <sys/socket.h>

// Of connecting, and of a request that is not acknowledged.
static const unsigned int SILENCE_MILLISECONDS = 3000;
// Between two questions whether a silent engine is still there; the router's first comes after 30 seconds.
static const int PROBE_SECONDS = 5;

int connect(int descriptor, const struct sockaddr *address, socklen_t length) {
  static int (*next)(int, const struct sockaddr *, socklen_t);
  if (next == NULL) {
    next = (int (*)(int, const struct sockaddr *, socklen_t))dlsym(RTLD_NEXT, "connect");
  }
  if (address != NULL && (address->sa_family == AF_INET || address->sa_family == AF_INET6)) {
    // Refused for sockets that are not TCP's, which is as well.
    setsockopt(descriptor, IPPROTO_TCP, TCP_USER_TIMEOUT, &SILENCE_MILLISECONDS, sizeof SILENCE_MILLISECONDS);
    setsockopt(descriptor, IPPROTO_TCP, TCP_KEEPINTVL, &PROBE_SECONDS, sizeof PROBE_SECONDS);
  }
  return next(descriptor, address, length);
}
