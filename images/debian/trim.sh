#!/bin/sh
# Run inside the new root file system: removes what no container reads, and what differs from one build to the next.
set -eu
apt-get clean
rm -rf /var/lib/apt/lists/* /var/cache/* /var/log/* /tmp/* /var/tmp/*
find /usr/share/doc -mindepth 1 ! -name copyright ! -type d -delete
find /usr/share/doc -mindepth 1 -type d -empty -delete
rm -rf /usr/share/man/* /usr/share/info/* /usr/share/lintian /usr/share/locale/* /usr/share/zoneinfo/right
: > /etc/machine-id
: > /etc/resolv.conf
: > /etc/hostname
rm -f /etc/apt/sources.list /etc/apt/sources.list.d/* /etc/apt/apt.conf.d/*proxy* /var/lib/dpkg/*-old /etc/*-
mkdir -p /var/cache/apt/archives/partial /var/log/apt /var/lib/apt/lists/partial
