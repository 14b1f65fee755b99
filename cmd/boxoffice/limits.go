package main

import (
	"fmt"
	"time"

	"github.com/boxoffice/boxoffice/api"
)

// limitSettings bound what one client may ask of one process of the API: behind n copies, a client gets n times as much.
// A negative number is no limit.
type limitSettings struct {
	AddressRate        int      `env:"BOXOFFICE_ADDRESS_RATE" default:"3000" help:"Requests a minute an address; negative: no limit. All limits are for each process of its own."`
	UserRate           int      `env:"BOXOFFICE_USER_RATE" default:"600" help:"Requests a minute a user, but for staff; negative: no limit."`
	LoginRate          int      `env:"BOXOFFICE_LOGIN_RATE" default:"30" help:"Logins a minute an address; negative: no limit."`
	AccountRate        int      `env:"BOXOFFICE_ACCOUNT_RATE" default:"10" help:"Logins in 15 minutes an account, from wherever; beyond it, an address may try once in 5 minutes. Negative: no limit."`
	SignUpRate         int      `env:"BOXOFFICE_SIGNUP_RATE" default:"20" help:"Sign-ups in ten minutes an address; negative: no limit."`
	MailRate           int      `env:"BOXOFFICE_MAIL_RATE" default:"20" help:"Password resets and other requests that send a mail, in ten minutes an address; negative: no limit."`
	CodeRate           int      `env:"BOXOFFICE_CODE_RATE" default:"10" help:"Promotion codes that a user may put in, right or wrong, in ten minutes; negative: no limit."`
	StreamsByUser      int      `env:"BOXOFFICE_STREAMS_BY_USER" default:"10" help:"Seat maps that a user may watch, and bookings that they may wait for, at one time; negative: no limit."`
	StreamsByAddress   int      `env:"BOXOFFICE_STREAMS_BY_ADDRESS" default:"500" help:"The same of an address; negative: no limit."`
	Streams            int      `env:"BOXOFFICE_STREAMS" default:"5000" help:"The same of all; negative: no limit."`
	UnlimitedAddresses []string `env:"BOXOFFICE_UNLIMITED_ADDRESSES" help:"Addresses or CIDRs that no limit by address counts, as the box office's own."`
}

// check names the limit that would let nobody in.
func (s limitSettings) check() error {
	for name, rate := range map[string]int{
		"BOXOFFICE_ADDRESS_RATE": s.AddressRate, "BOXOFFICE_USER_RATE": s.UserRate, "BOXOFFICE_LOGIN_RATE": s.LoginRate,
		"BOXOFFICE_ACCOUNT_RATE": s.AccountRate, "BOXOFFICE_SIGNUP_RATE": s.SignUpRate, "BOXOFFICE_MAIL_RATE": s.MailRate,
		"BOXOFFICE_CODE_RATE":       s.CodeRate,
		"BOXOFFICE_STREAMS_BY_USER": s.StreamsByUser, "BOXOFFICE_STREAMS_BY_ADDRESS": s.StreamsByAddress, "BOXOFFICE_STREAMS": s.Streams,
	} {
		if rate == 0 {
			return fmt.Errorf("%s must not be 0, which would let nobody in; negative is no limit", name)
		}
	}
	return nil
}

func (s limitSettings) limits() api.Limits {
	return api.Limits{
		PerAddress:       api.Rate{Requests: s.AddressRate, Per: time.Minute},
		PerUser:          api.Rate{Requests: s.UserRate, Per: time.Minute},
		LoginPerAddress:  api.Rate{Requests: s.LoginRate, Per: time.Minute},
		LoginPerAccount:  api.Rate{Requests: s.AccountRate, Per: 15 * time.Minute},
		SignUpPerAddress: api.Rate{Requests: s.SignUpRate, Per: 10 * time.Minute},
		MailPerAddress:   api.Rate{Requests: s.MailRate, Per: 10 * time.Minute},
		CodesPerUser:     api.Rate{Requests: s.CodeRate, Per: 10 * time.Minute},
		StreamsByUser:    s.StreamsByUser, StreamsByAddress: s.StreamsByAddress, Streams: s.Streams,
	}
}
