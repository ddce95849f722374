//go:build tools

// Package tools builds promtool, which `go install` refuses: its module replaces another, and so does this one.
package tools

import _ "github.com/prometheus/prometheus/cmd/promtool"
