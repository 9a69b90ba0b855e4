// Package widget holds the small components that pages share.
package widget
