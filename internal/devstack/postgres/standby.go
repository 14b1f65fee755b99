package postgres

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
)

// standbyName is what a standby calls itself to its primary.
const standbyName = "standby"

// walKept is what a primary keeps of its log for a standby that is being made.
const walKept = "512MB"

// Promote makes a standby a primary: it takes changes when Promote returns, and waits for no standby of its own. Whoever
// promotes must have seen to it that the old primary takes no more changes: nothing here does.
func (s *Server) Promote(ctx context.Context) error {
	var promoted bool
	err := asked(ctx, s.URL, func(conn *pgx.Conn) error {
		return conn.QueryRow(ctx, `SELECT pg_promote(wait => true, wait_seconds => 60)`).Scan(&promoted)
	})
	if err == nil && !promoted {
		err = errors.New("it is still a standby after a minute")
	}
	if err != nil {
		return fmt.Errorf("promote the standby: %w", err)
	}
	return nil
}

// asked does something on a connection of its own.
func asked(ctx context.Context, url string, do func(*pgx.Conn) error) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	return errors.Join(do(conn), conn.Close(ctx))
}

// alterSystem changes settings of a running server for good. They need no restart.
func alterSystem(ctx context.Context, url string, settings ...string) error {
	return asked(ctx, url, func(conn *pgx.Conn) (err error) {
		for _, setting := range settings {
			_, failed := conn.Exec(ctx, `ALTER SYSTEM SET `+setting)
			err = errors.Join(err, failed)
		}
		_, failed := conn.Exec(ctx, `SELECT pg_reload_conf()`)
		return errors.Join(err, failed)
	})
}

// adoptPassword takes the password from the primary's URL: a copy of its data asks for the same.
func (h *home) adoptPassword(primary string) error {
	at, err := url.Parse(primary)
	if err != nil {
		return fmt.Errorf("read the primary's URL: %w", err)
	}
	password, _ := at.User.Password()
	if at.User.Username() != User || password == "" {
		return fmt.Errorf("the primary's URL must log in as %s, with its password", User)
	}
	return h.setPassword(password)
}

// backUp fills an empty folder with a copy of a running server's data, which becomes its standby when it is started.
// pg_basebackup does the same; not every package of the server has it.
func (h *home) backUp(ctx context.Context, primary, into string) (err error) {
	// Or a checkpoint could remove what the copy needs, before the standby asks for it.
	if err := alterSystem(ctx, primary, "wal_keep_size = '"+walKept+"'"); err != nil {
		return fmt.Errorf("have the primary keep its log: %w", err)
	}
	config, err := pgconn.ParseConfig(primary)
	if err != nil {
		return fmt.Errorf("read the primary's URL: %w", err)
	}
	config.RuntimeParams["replication"] = "true"
	conn, err := pgconn.ConnectConfig(ctx, config)
	if err != nil {
		return fmt.Errorf("reach the primary: %w", err)
	}
	defer func() { err = errors.Join(err, conn.Close(ctx)) }()
	folder, err := os.OpenRoot(into)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, folder.Close()) }()

	archive, sent := io.Pipe()
	var sending sync.WaitGroup // which has the connection
	sending.Go(func() { sent.CloseWithError(sendBackup(ctx, conn, sent)) })
	err = errors.Join(h.unpack(archive, folder), archive.Close())
	sending.Wait()
	if err == nil {
		err = h.follow(folder, primary)
	}
	if err != nil {
		return fmt.Errorf("copy the primary's data: %w", err)
	}
	return nil
}

// sendBackup writes the server's base backup, a tar archive with the log that it needs, to out: "Streaming Replication
// Protocol" in PostgreSQL's manual, BASE_BACKUP.
func sendBackup(ctx context.Context, conn *pgconn.PgConn, out io.Writer) error {
	conn.Frontend().SendQuery(&pgproto3.Query{String: `BASE_BACKUP (LABEL 'standby', CHECKPOINT 'fast', WAL)`})
	if err := conn.Frontend().Flush(); err != nil {
		return err
	}
	for {
		message, err := conn.ReceiveMessage(ctx)
		if err != nil {
			return err
		}
		switch m := message.(type) {
		case *pgproto3.CopyData:
			if m.Data[0] != 'd' { // the name of the archive, or how far it is
				continue
			}
			if _, err := out.Write(m.Data[1:]); err != nil {
				return err
			}
		case *pgproto3.ErrorResponse:
			return pgconn.ErrorResponseToPgError(m)
		case *pgproto3.ReadyForQuery:
			return nil
		}
	}
}

// unpack writes the files of a tar archive to a folder.
func (h *home) unpack(archive io.Reader, folder *os.Root) error {
	files := tar.NewReader(archive)
	for {
		header, err := files.Next()
		if errors.Is(err, io.EOF) {
			_, err = io.Copy(io.Discard, archive) // what follows the last file, and how sending it ended
			return err
		}
		if err != nil {
			return err
		}
		switch header.Typeflag {
		case tar.TypeDir:
			err = h.makeFolder(folder, strings.TrimSuffix(header.Name, "/"))
		case tar.TypeReg:
			err = h.writeFile(folder, header.Name, files)
		default:
			err = errors.New("it is a link out of the data folder, which the two servers would share")
		}
		if err != nil {
			return fmt.Errorf("%s: %w", header.Name, err)
		}
	}
}

func (h *home) makeFolder(in *os.Root, name string) error {
	if name == "." || name == "" {
		return nil
	}
	if err := in.Mkdir(name, 0o700); err != nil {
		return err
	}
	return h.giveIn(in, name)
}

// writeFile makes a file, or adds to it.
func (h *home) writeFile(in *os.Root, name string, content io.Reader) error {
	file, err := in.OpenFile(name, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(file, content)
	return errors.Join(err, file.Close(), h.giveIn(in, name))
}

// giveIn is give within a folder.
func (h *home) giveIn(folder *os.Root, name string) error {
	if h.user == nil {
		return nil
	}
	return folder.Chown(name, int(h.user.UID), int(h.user.GID))
}

// follow makes the data those of a standby. What the primary was told of its own standby is not meant for it.
func (h *home) follow(folder *os.Root, primary string) error {
	at, err := url.Parse(primary)
	if err != nil {
		return err
	}
	query := at.Query()
	query.Set("application_name", standbyName)
	at.RawQuery = query.Encode()
	settings := "primary_conninfo = '" + at.String() + "'\nsynchronous_standby_names = ''\n"
	return errors.Join(h.writeFile(folder, "postgresql.auto.conf", strings.NewReader(settings)),
		h.writeFile(folder, "standby.signal", strings.NewReader("")))
}

// keepInStep has the primary wait with each commit until the standby has it, and returns when it does.
func keepInStep(ctx context.Context, primary string) error {
	if err := alterSystem(ctx, primary, "synchronous_standby_names = '"+standbyName+"'"); err != nil {
		return fmt.Errorf("have the primary wait for its standby: %w", err)
	}
	tick := time.NewTicker(25 * time.Millisecond)
	defer tick.Stop()
	for {
		var inStep bool
		err := asked(ctx, primary, func(conn *pgx.Conn) error {
			return conn.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_stat_replication
				WHERE application_name = $1 AND state = 'streaming' AND sync_state = 'sync')`, standbyName).Scan(&inStep)
		})
		if err != nil || inStep {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the standby does not follow its primary: %w", ctx.Err())
		case <-tick.C:
		}
	}
}
