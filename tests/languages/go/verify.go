// Says whether Standard Webhooks' library for Go believes a call: headers a line each, an empty line, the body.
package main

import (
	"bytes"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"strings"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

func main() {
	call, err := io.ReadAll(os.Stdin)
	if err != nil {
		log.Fatal(err)
	}
	head, body, _ := bytes.Cut(call, []byte("\n\n"))
	headers := http.Header{}
	for _, line := range strings.Split(string(head), "\n") {
		name, value, _ := strings.Cut(line, ": ")
		headers.Set(name, value)
	}
	webhook, err := standardwebhooks.NewWebhook(os.Getenv("WEBHOOK_SECRET"))
	if err != nil {
		log.Fatal(err)
	}
	if webhook.Verify(body, headers) == nil {
		fmt.Println("yes")
	} else {
		fmt.Println("no")
	}
}
