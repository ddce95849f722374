//go:build tools

// Package tools builds promtool and Prometheus, which `go install` refuses: their module replaces another, and so does this one.
package tools

import (
	_ "github.com/prometheus/prometheus/cmd/prometheus"
	_ "github.com/prometheus/prometheus/cmd/promtool"
)
