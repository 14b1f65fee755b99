package mail

import (
	"bytes"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/boxoffice/boxoffice"
)

var _ boxoffice.AccountMailComposer = (*Composer)(nil)

// accountSubjects are the subjects of mails about accounts, total over their kinds.
var accountSubjects = map[boxoffice.AccountMailKind]string{
	boxoffice.MailReset:           "Set a new password",
	boxoffice.MailConfirmEmail:    "Confirm your address",
	boxoffice.MailPasswordChanged: "Your password was changed",
	boxoffice.MailEmailChanged:    "Your address was changed",
}

// accountPages are where the links of a kind lead; they carry the token.
var accountPages = map[boxoffice.AccountMailKind]string{
	boxoffice.MailReset:        "/app/reset?token=",
	boxoffice.MailConfirmEmail: "/app/email?token=",
}

// accountView is what the templates of mails about accounts show. Every text in it is one line.
type accountView struct {
	Subject  string
	Name     string
	Footer   []string
	Minutes  int // that links work for
	Forgot   string
	Accounts []accountLink
}

type accountLink struct{ Username, Link string }

// ComposeAccount writes a mail about accounts, in text and in HTML. CodeInternal for a mail that is none of ours, or that
// lacks a token.
func (c *Composer) ComposeAccount(mail boxoffice.AccountMail) (boxoffice.MailMessage, error) {
	subject, known := accountSubjects[mail.Kind]
	if !known || len(mail.Accounts) == 0 {
		return boxoffice.MailMessage{}, boxoffice.Errorf(boxoffice.CodeInternal, "There is no mail of kind %q about %d accounts.", mail.Kind, len(mail.Accounts))
	}
	v := accountView{
		Subject: subject, Name: c.name, Footer: c.footer, Minutes: int(boxoffice.AccountTokenTTL / time.Minute), Forgot: c.base + "/app/forgot",
	}
	for _, account := range mail.Accounts {
		if mail.Kind.HasToken() && account.Token == "" {
			return boxoffice.MailMessage{}, boxoffice.Errorf(boxoffice.CodeInternal, "A mail that carries a token has none.")
		}
		v.Accounts = append(v.Accounts, accountLink{
			Username: oneLine(account.Username), Link: c.base + accountPages[mail.Kind] + url.QueryEscape(account.Token),
		})
	}
	var text, html bytes.Buffer
	if err := c.text.ExecuteTemplate(&text, "account_"+string(mail.Kind)+".txt", v); err != nil {
		return boxoffice.MailMessage{}, fmt.Errorf("write the text of mail %s: %w", mail.ID, err)
	}
	if err := c.html.ExecuteTemplate(&html, "account_"+string(mail.Kind)+".html", v); err != nil {
		return boxoffice.MailMessage{}, fmt.Errorf("write the HTML of mail %s: %w", mail.ID, err)
	}
	return boxoffice.MailMessage{
		ID: mail.ID, To: mail.Recipient, Subject: subject,
		Text: wrapped(strings.TrimSpace(text.String()) + "\n"), HTML: strings.TrimSpace(html.String()) + "\n",
	}, nil
}
