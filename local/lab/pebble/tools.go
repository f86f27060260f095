//go:build tools

// Package pebble pins the ACME server of the lab.
package pebble

import _ "github.com/letsencrypt/pebble/v2/cmd/pebble"
