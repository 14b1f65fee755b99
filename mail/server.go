package mail

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/url"
	"os"
	"strconv"
	"time"

	"github.com/boxoffice/boxoffice"
	gomail "github.com/wneessen/go-mail"
)

// Server is a mail server to deliver to, as a URL names it.
type Server struct {
	host     string
	port     int
	implicit bool // TLS from the first byte
	policy   gomail.TLSPolicy
	config   *tls.Config
	user     string
	password string
}

// ParseURL reads an SMTP_URL: `smtp://user:password@host:587?tls=starttls|opportunistic|none`, where starttls is the default and
// refuses servers without it, or `smtps://user:password@host:465` for TLS from the first byte. `ca=/path/file.pem` trusts the
// certificates in a file instead of the system's. User and password are percent-encoded; without TLS they are sent only by
// mechanisms that do not show the password (SCRAM, CRAM-MD5). CodeInvalid, with a message that repeats no password.
func ParseURL(text string) (Server, error) {
	wrong := func(format string, args ...any) (Server, error) {
		return Server{}, boxoffice.InvalidField("SMTP_URL", format, args...)
	}
	parsed, err := url.Parse(text)
	if err != nil || parsed.Hostname() == "" || (parsed.Path != "" && parsed.Path != "/") || parsed.Fragment != "" {
		return wrong("The mail server must be written smtp://host:port or smtps://host:port; characters such as / and @ of a password are percent-encoded.")
	}
	server := Server{
		host: parsed.Hostname(), port: 587, policy: gomail.TLSMandatory,
		config: &tls.Config{ServerName: parsed.Hostname(), MinVersion: tls.VersionTLS12},
	}
	policies := map[string]gomail.TLSPolicy{
		"": gomail.TLSMandatory, "starttls": gomail.TLSMandatory, "opportunistic": gomail.TLSOpportunistic, "none": gomail.NoTLS,
	}
	switch parsed.Scheme {
	case "smtp":
	case "smtps":
		// The connection is encrypted when go-mail first sees it; Opportunistic makes it look whether it is.
		policies = map[string]gomail.TLSPolicy{"": gomail.TLSOpportunistic}
		server.implicit, server.port = true, 465
	default:
		return wrong("The mail server's scheme must be smtp or smtps.")
	}
	query := parsed.Query()
	policy, known := policies[query.Get("tls")]
	if !known {
		return wrong("tls must be starttls, opportunistic or none, and is for smtp:// only.")
	}
	server.policy = policy
	for name := range query {
		if name != "tls" && name != "ca" {
			return wrong("The mail server's address has an unknown parameter %q.", name)
		}
	}
	if port := parsed.Port(); port != "" {
		if server.port, err = strconv.Atoi(port); err != nil || server.port < 1 || server.port > 65535 {
			return wrong("The mail server's port must be from 1 to 65535.")
		}
	}
	if parsed.User != nil {
		server.user = parsed.User.Username()
		server.password, _ = parsed.User.Password()
	}
	if file := query.Get("ca"); file != "" {
		if server.config.RootCAs, err = readCA(file); err != nil {
			return wrong("ca: no certificate can be read from %s.", file)
		}
	}
	return server, nil
}

func readCA(file string) (*x509.CertPool, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(content) {
		return nil, os.ErrInvalid
	}
	return pool, nil
}

// String names the server without its credentials.
func (s Server) String() string { return net.JoinHostPort(s.host, strconv.Itoa(s.port)) }

// GoString is String: %#v shows no password either.
func (s Server) GoString() string { return s.String() }

func (s Server) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	if s.implicit {
		return (&tls.Dialer{Config: s.config}).DialContext(ctx, network, addr)
	}
	return (&net.Dialer{}).DialContext(ctx, network, addr)
}

// client makes a go-mail client for one delivery. NOOP and RSET are left out: the connection is new and used once.
func (s Server) client(dial gomail.DialContextFunc, timeout time.Duration) (*gomail.Client, error) {
	options := []gomail.Option{
		gomail.WithPort(s.port), gomail.WithTimeout(timeout), gomail.WithTLSPolicy(s.policy), gomail.WithTLSConfig(s.config.Clone()),
		gomail.WithDialContextFunc(dial), gomail.WithoutNoop(), gomail.WithoutRset(),
	}
	if s.user != "" {
		options = append(options, gomail.WithUsername(s.user), gomail.WithPassword(s.password), gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover))
	}
	return gomail.NewClient(s.host, options...)
}
