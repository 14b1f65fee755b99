// Package smtp is a mail sink: it takes every message that is sent to it over SMTP, delivers none, and shows them in an inbox
// page and over the part of Mailpit's HTTP API that tests need, with Mailpit's field names, so that Mailpit itself can stand
// in its place. It depends on github.com/emersion/go-smtp and go-message.
//
// # State
//
// Each message is two files in Options.Dir: <ID>.eml, the message as it came, and <ID>.json, its envelope. They are written
// before the client is told that the message is accepted, so they survive a killed process; they are not synced to disk, so a
// power cut may lose the last ones. Memory holds a summary of each message, below 2 kB; bodies are read from the files.
//
// # What differs from Mailpit
//
// There are no tags, no websocket, no releasing, checking or sending. Search knows plain words and "phrases", to:, cc:, bcc:,
// from:, subject:, addressed:, message-id:, is:read, is:unread, has:attachment, and ! or - before a term.
package smtp
