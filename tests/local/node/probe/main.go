// The program in the tests' image: an HTTP server, and what a test asks of a pod from inside.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"time"
)

const account = "/var/run/secrets/kubernetes.io/serviceaccount/"

func main() {
	client := &http.Client{Timeout: 5 * time.Second}
	switch os.Args[1] {
	case "serve":
		name, _ := os.Hostname()
		fmt.Println("listening on", os.Args[2])
		http.HandleFunc("/", func(answer http.ResponseWriter, request *http.Request) {
			fmt.Fprintln(answer, "hello from", name)
		})
		fail(http.ListenAndServe(os.Args[2], nil))
	case "get":
		answer, err := client.Get(os.Args[2])
		fail(err)
		copied(answer)
	case "resolve":
		found, err := net.LookupHost(os.Args[2])
		fail(err)
		fmt.Println(found)
	case "api":
		authority, err := os.ReadFile(account + "ca.crt")
		fail(err)
		token, err := os.ReadFile(account + "token")
		fail(err)
		roots := x509.NewCertPool()
		roots.AppendCertsFromPEM(authority)
		client.Transport = &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}
		request, err := http.NewRequest("GET", "https://"+os.Args[2]+"/api", nil)
		fail(err)
		request.Header.Set("Authorization", "Bearer "+string(token))
		answer, err := client.Do(request)
		fail(err)
		copied(answer)
	}
}

func copied(answer *http.Response) {
	defer answer.Body.Close()
	fmt.Println(answer.Status)
	io.Copy(os.Stdout, answer.Body)
}

func fail(err error) {
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}
