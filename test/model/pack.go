package main

// key is a state in few bits: what is kept of each of millions.
type key [3]uint64

// packer writes variables into a word, unpacker reads them in the same order.
type (
	packer   struct{ word, at uint64 }
	unpacker struct{ word uint64 }
)

func (p *packer) put(v uint8, bits uint64) {
	p.word |= uint64(v) << p.at
	p.at += bits
}

func (p *packer) flag(v bool) {
	if v {
		p.word |= 1 << p.at
	}
	p.at++
}

func (u *unpacker) take(bits uint64) uint8 {
	v := uint8(u.word & (1<<bits - 1))
	u.word >>= bits
	return v
}

func (u *unpacker) flag() bool { return u.take(1) == 1 }

// pack gives the key of a state. The rows of a booking are one word; ghosts, seats and the world are the third.
func (s *state) pack() key {
	var p packer
	for i := range s.seats {
		p.put(s.seats[i].state, 2)
		p.put(s.seats[i].by, 2)
		p.put(s.seats[i].until, 2)
	}
	for i := range s.bookings {
		b := &s.bookings[i]
		b.ghost.pack(&p)
		p.flag(b.started)
		p.flag(b.extended)
	}
	p.put(s.event, 2)
	p.put(s.ghostsLeft, 2)
	p.put(s.lossesLeft, 2)
	return key{s.bookings[0].pack(), s.bookings[1].pack(), p.word}
}

func (k key) unpack() state {
	var s state
	u := unpacker{k[2]}
	for i := range s.seats {
		s.seats[i] = seat{state: u.take(2), by: u.take(2), until: u.take(2)}
	}
	for i := range s.bookings {
		b := &s.bookings[i]
		b.unpack(k[i])
		b.ghost = unpackRunner(&u)
		b.started, b.extended = u.flag(), u.flag()
	}
	s.event, s.ghostsLeft, s.lossesLeft = u.take(2), u.take(2), u.take(2)
	return s
}

func (r runner) pack(p *packer) {
	p.put(uint8(r.step), 5)
	p.put(r.attempt, 1)
	p.put(r.answer, 2)
	p.flag(r.current)
}

func unpackRunner(u *unpacker) runner {
	return runner{step: step(u.take(5)), attempt: u.take(1), answer: u.take(2), current: u.flag()}
}

func (b *booking) pack() uint64 {
	var p packer
	p.put(b.status, 3)
	p.flag(b.cancel)
	p.flag(b.closing)
	p.flag(b.late)
	p.flag(b.admitted)
	p.flag(b.mail)
	p.flag(b.check)
	p.flag(b.signal)
	b.run.pack(&p)
	for i := range b.attempts {
		a := &b.attempts[i]
		p.put(a.state, 3)
		p.put(a.session, 3)
		p.put(a.page, 2)
		p.flag(a.ended)
		p.flag(a.odd)
		p.put(a.settled, 2)
		p.put(a.refund, 3)
		p.put(a.bank, 3)
		p.flag(a.over)
	}
	return p.word
}

func (b *booking) unpack(word uint64) {
	u := unpacker{word}
	b.status = u.take(3)
	b.cancel, b.closing, b.late = u.flag(), u.flag(), u.flag()
	b.admitted, b.mail, b.check, b.signal = u.flag(), u.flag(), u.flag(), u.flag()
	b.run = unpackRunner(&u)
	for i := range b.attempts {
		b.attempts[i] = attempt{
			state: u.take(3), session: u.take(3), page: u.take(2), ended: u.flag(), odd: u.flag(),
			settled: u.take(2), refund: u.take(3), bank: u.take(3), over: u.flag(),
		}
	}
}
