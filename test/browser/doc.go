// Package browser uses the web client as a buyer does, in a real Chromium, on a whole system. The tests themselves are in
// web/browser, in the client's own language.
package browser
