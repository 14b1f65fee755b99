package mail_test

import (
	"strings"
	"testing"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/mail"
	"github.com/stretchr/testify/require"
)

var accountKinds = []boxoffice.AccountMailKind{
	boxoffice.MailReset, boxoffice.MailConfirmEmail, boxoffice.MailPasswordChanged, boxoffice.MailEmailChanged,
}

func accountMail(kind boxoffice.AccountMailKind, names ...string) boxoffice.AccountMail {
	m := boxoffice.AccountMail{ID: "m1", Kind: kind, Recipient: "ada@example.org"}
	for _, name := range names {
		account := boxoffice.MailedAccount{UserID: name, Username: name}
		if kind.HasToken() {
			account.Token = strings.Repeat(name[:1], 43)
		}
		m.Accounts = append(m.Accounts, account)
	}
	return m
}

func TestTheResetMailHasALinkForEachAccount(t *testing.T) {
	t.Parallel()
	m, err := composer(t).ComposeAccount(accountMail(boxoffice.MailReset, "ada", "countess"))
	require.NoError(t, err)
	require.Equal(t, "Set a new password", m.Subject)
	require.Equal(t, "ada@example.org", m.To)
	require.Equal(t, `Hello,

Somebody, probably you, asked for a new password at Chico Box Office.

Set it for ada:
https://tickets.example.com/app/reset?token=`+strings.Repeat("a", 43)+`

Set it for countess:
https://tickets.example.com/app/reset?token=`+strings.Repeat("c", 43)+`

A link works once, and for 10 minutes.

If it was not you, you need do nothing: your password has not changed.

-- 
Chico Box Office
Chico Box Office, 12 Main St
Chico, CA 95928
`, m.Text)
	for _, initial := range []string{"a", "c"} {
		require.Contains(t, m.HTML, `href="https://tickets.example.com/app/reset?token=`+strings.Repeat(initial, 43)+`"`)
	}
}

func TestEachAccountMailSaysWhatIsToBeDone(t *testing.T) {
	t.Parallel()
	for kind, facts := range map[boxoffice.AccountMailKind][]string{
		boxoffice.MailConfirmEmail:    {"/app/email?token=" + strings.Repeat("a", 43), "10 minutes", "ada"},
		boxoffice.MailPasswordChanged: {"/app/forgot", "was changed", "ada"},
		boxoffice.MailEmailChanged:    {"another address", "answer this mail", "ada"},
	} {
		m, err := composer(t).ComposeAccount(accountMail(kind, "ada"))
		require.NoError(t, err)
		require.NotEmpty(t, m.Subject)
		require.Empty(t, m.Attachments)
		for _, fact := range facts {
			require.Contains(t, m.Text, fact, kind)
			require.Contains(t, m.HTML, fact, kind)
		}
	}
}

// A mail that tells of a change must not hand out the means to make one.
func TestNoticesCarryNoToken(t *testing.T) {
	t.Parallel()
	for _, kind := range accountKinds {
		m := accountMail(kind, "ada")
		m.Accounts[0].Token = strings.Repeat("t", 43)
		composed, err := composer(t).ComposeAccount(m)
		require.NoError(t, err)
		require.Equal(t, kind.HasToken(), strings.Contains(composed.Text+composed.HTML, m.Accounts[0].Token), kind)
	}
}

func TestAccountMailsThatCannotBeRightAreNotMade(t *testing.T) {
	t.Parallel()
	for name, m := range map[string]boxoffice.AccountMail{
		"no kind": accountMail("", "ada"), "nobody": accountMail(boxoffice.MailPasswordChanged),
		"no token": {Kind: boxoffice.MailReset, Accounts: []boxoffice.MailedAccount{{Username: "ada"}}},
	} {
		_, err := composer(t).ComposeAccount(m)
		require.Equal(t, boxoffice.CodeInternal, boxoffice.CodeOf(err), name)
	}
}

func TestAccountMailsLoadNothingAndHoldNoMarkup(t *testing.T) {
	t.Parallel()
	c, err := mail.NewComposer(mail.ComposerOptions{Name: `<b>"Box"</b>`, BaseURL: "https://tickets.example.com"})
	require.NoError(t, err)
	for _, kind := range accountKinds {
		m := accountMail(kind, "ada")
		m.Accounts[0].Username = "<img src=x>\r\nBcc: eve@example.com"
		composed, err := c.ComposeAccount(m)
		require.NoError(t, err)
		require.NotRegexp(t, `(?i)<(img|script|link|iframe|b>)|url\(|@import|src="`, composed.HTML, kind)
		require.NotContains(t, composed.Text, "\r")
		require.NotContains(t, composed.Text, "\n\n\n")
		require.NotContains(t, composed.Text+composed.HTML, "<no value>")
	}
}
