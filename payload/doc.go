// Package payload is the envelope of payload encoding 2: JSON text, and beside it
// attachments, which are bytes and long texts that JSON would have to escape
// (spec chapter 06). It knows neither how frames carry an envelope (package wire)
// nor which values become attachments (package executor). Standard library only.
package payload
