//go:build tools

// Package tools builds helm-unittest, which `go install` refuses: its module replaces another, and so does this one.
package tools

import _ "github.com/helm-unittest/helm-unittest/cmd/helm-unittest"
