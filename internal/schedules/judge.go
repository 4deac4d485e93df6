package schedules

// judgeDelivery names the property that a delivery violates, or nothing.
func (e *explorer) judgeDelivery(s *state, delivery uint64) string {
	id := delivery & messageID
	switch {
	case id == Garbage:
		return "torn"
	case int(id) < s.next:
		return "duplicated"
	case int(id) > s.next:
		return "reordered"
	case delivery&Counted != 0 && delivery&Canceled == 0 && e.scenario.canceled(int(id)):
		return "cancel_missed"
	}
	return ""
}

// judgeEnd names the property that is violated when nothing moves any more.
//
//spec:req LIFE-052 LIFE-053
func (e *explorer) judgeEnd(s *state) string {
	if e.lives(s, Producer) {
		return "stuck"
	}
	if e.lives(s, Consumer) && s.cells[WritePosition] != s.cells[ReadPosition] {
		return "stuck"
	}
	published := s.cells[WritePosition]
	for m := range e.scenario.Messages {
		sent := published > e.scenario.lastSlot(m)
		if !s.sides[Consumer].dead && m >= s.next && (sent || !s.sides[Producer].dead) {
			return "lost"
		}
		if s.sides[Consumer].dead && s.ran&(1<<m) != 0 {
			read := s.cells[ReadPosition]
			if s.judged {
				read = s.verdict
			}
			if read <= e.scenario.lastSlot(m) {
				return "false_not_started"
			}
		}
	}
	return ""
}
