package vectors

// Flag says what kind of defect the vectors that carry it find, and what that
// defect leads to.
type Flag struct {
	Name    string `json:"name"`
	BugType string `json:"bug_type"`
	Effect  string `json:"effect"`
}

// Flags lists every flag, by name.
func Flags() []Flag {
	return []Flag{
		{"ByteOrder", "numbers in the byte order of the machine or the network", "nothing works together with another implementation"},
		{"Contents", "fields are believed because their sizes are right", "a message without meaning reaches code that does not expect it"},
		{"Doorbell", "the need-wakeup flag is read too early, too narrowly or in the wrong ring", "a consumer sleeps although a message waits"},
		{"FieldOrder", "fields in another order, or a field left out", "both sides pass their own tests and cannot talk"},
		{"Fragments", "fragments cut, counted or joined wrongly", "long messages are damaged while short ones work"},
		{"Full", "a full ring is not seen as full", "messages that nobody has read are overwritten"},
		{"Hostile", "a shared value is used without being checked", "a broken or hostile peer makes this side read or write outside its memory, hang or die"},
		{"Layout", "offsets or sizes of the region computed differently", "one side reads where the other does not write"},
		{"Lengths", "total_length or a single length is trusted alone", "reading past the end, or bytes that one side sees and the other does not"},
		{"Limit", "a limit is off by one, counted in other units or not checked", "memory is exhausted by one message"},
		{"Nul", "text handled as C strings", "a name is checked in full and used in part"},
		{"OverRead", "bytes are read before it is known that they are there", "memory of others is disclosed, or the process dies"},
		{"Positions", "positions kept in too few bits, or compared as signed numbers", "a lane that stops after days"},
		{"Precedence", "two faults at once", "implementations agree that a message is wrong and not on why"},
		{"Resync", "reading goes on after a refusal", "an attacker's bytes are taken for a message"},
		{"Signals", "signals handled by default or by the wrong process", "work in flight is lost"},
		{"Signed", "lengths held in signed numbers", "a length below zero passes every upper limit"},
		{"Text", "UTF-8 not checked, or not to the letter", "names that look alike or are normalised behind the check"},
		{"Trailing", "bytes after the message are ignored", "data is smuggled past one side"},
		{"Truncated", "too few bytes are not noticed", "reading past the end"},
		{"Unsupported", "unknown types are tolerated", "later versions cannot give them a meaning"},
		{"Urgent", "urgent messages counted too early, too late or twice", "a cancellation is missed"},
		{"Wrap", "the sum of the lengths is computed in 32 bits", "a small message is taken to hold gigabytes, and memory is read or written far outside"},
	}
}

// Retired lists ids of vectors that were withdrawn; they are never used again.
func Retired() []string {
	return []string{}
}
