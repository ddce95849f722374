//go:build tools

// Package tools builds Kubernetes' control plane, which `go install` refuses: its module takes parts of itself from folders
// beside it, and this one takes them as they are published.
package tools

import (
	_ "k8s.io/kubernetes/cmd/kube-apiserver"
	_ "k8s.io/kubernetes/cmd/kube-controller-manager"
	_ "k8s.io/kubernetes/cmd/kube-scheduler"
)
