package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/stretchr/testify/require"
)

// A setting that makes no sense is named before anything is opened, by the parser that the program itself uses.
func TestSettings_AWrongOneNamesItself(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ command, flag, names string }{
		{"api worker", "--hold-duration=0s", "BOXOFFICE_HOLD_DURATION"},
		{"api worker", "--hold-duration=-1m", "BOXOFFICE_HOLD_DURATION"},
		{"api worker", "--hold-extension=0s", "BOXOFFICE_HOLD_EXTENSION"},
		{"api worker", "--hold-grace=0s", "BOXOFFICE_HOLD_GRACE"},
		{"api worker", "--hold-max=1m", "BOXOFFICE_HOLD_MAX"},
		{"api worker", "--checkout-minimum=31m", "BOXOFFICE_CHECKOUT_MINIMUM"},
		{"api worker", "--checkout-minimum=-1s", "BOXOFFICE_CHECKOUT_MINIMUM"},
		{"api worker", "--max-seats=0", "BOXOFFICE_MAX_SEATS"},
		{"api worker", "--max-open-bookings=0", "BOXOFFICE_MAX_OPEN_BOOKINGS"},
		{"api worker", "--max-unpaid-holds=-1", "BOXOFFICE_MAX_UNPAID_HOLDS"},
		{"api worker", "--unpaid-window=0s", "BOXOFFICE_UNPAID_WINDOW"},
		{"api worker", "--database-conns=0", "BOXOFFICE_DATABASE_CONNS"},
		{"api worker", "--webhook-conns=-1", "BOXOFFICE_WEBHOOK_CONNS"},
		{"api worker", "--stripe-webhook-secret= , ", "STRIPE_WEBHOOK_SECRET"},
		{"api worker", "--typesense-url=search:8108", "TYPESENSE_URL"},
		{"api worker", "--typesense-api-key=", "TYPESENSE_API_KEY"},
		{"api worker", "--search-timeout=0s", "BOXOFFICE_SEARCH_TIMEOUT"},
		{"api", "--address-rate=0", "BOXOFFICE_ADDRESS_RATE"},
		{"api", "--user-rate=0", "BOXOFFICE_USER_RATE"},
		{"api", "--login-rate=0", "BOXOFFICE_LOGIN_RATE"},
		{"api", "--account-rate=0", "BOXOFFICE_ACCOUNT_RATE"},
		{"api", "--sign-up-rate=0", "BOXOFFICE_SIGNUP_RATE"},
		{"api", "--mail-rate=0", "BOXOFFICE_MAIL_RATE"},
		{"worker", "--issue-patience=0s", "BOXOFFICE_ISSUE_PATIENCE"},
		{"worker", "--sweep-every=0s", "BOXOFFICE_SWEEP_EVERY"},
		{"worker", "--inbox-every=-1s", "BOXOFFICE_INBOX_EVERY"},
		{"worker", "--index-missing=0s", "BOXOFFICE_INDEX_MISSING"},
		{"worker", "--reconcile-every=0s", "BOXOFFICE_RECONCILE_EVERY"},
	} {
		for command := range strings.FieldsSeq(c.command) {
			args := []string{
				command, "--database-url=postgres://x", "--stripe-api-key=sk_test_1", "--stripe-webhook-secret=whsec_1",
				"--ticket-signing-key=k", "--blob-url=mem://", "--typesense-api-key=k",
			}
			if command == "worker" {
				args = append(args, "--smtp-url=smtp://x")
			}
			require.NoError(t, parse(t, args))
			require.ErrorContains(t, parse(t, append(args, c.flag)), c.names, "%s %s", command, c.flag)
		}
	}
}

func parse(t *testing.T, args []string) error {
	t.Helper()
	var c cli
	parser, err := kong.New(&c, kong.Name("boxoffice"))
	require.NoError(t, err)
	_, err = parser.Parse(args)
	return err
}

// What the documents say can be set is read by some command.
func TestSettings_ThoseOfTheDocumentsExist(t *testing.T) {
	t.Parallel()
	read := map[string]bool{}
	for _, leaf := range kong.Must(&cli{}, kong.Name("boxoffice")).Model.Leaves(false) {
		for _, group := range leaf.AllFlags(false) {
			for _, flag := range group {
				for _, name := range flag.Envs {
					read[name] = true
				}
			}
		}
	}
	name := regexp.MustCompile(`\bBOXOFFICE_[A-Z_]+`)
	documents, err := filepath.Glob("../../docs/*.md")
	require.NoError(t, err)
	found := 0
	for _, document := range append(documents, "../../README.md") {
		text, err := os.ReadFile(document)
		require.NoError(t, err)
		for _, setting := range name.FindAllString(string(text), -1) {
			require.True(t, read[setting], "%s names %s", document, setting)
			found++
		}
	}
	require.Greater(t, found, 10)
}
