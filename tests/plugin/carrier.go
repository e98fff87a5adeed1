//go:build tools

// Package carrier pins the plugin that carries sessions, and what it is built from: its own repository does not.
package carrier

import _ "github.com/aws/session-manager-plugin/src/sessionmanagerplugin-main"
