//go:build linux

package mirror

// Fault is a rule of the specification that the mirror breaks.
type Fault string

// Faults. None is the worker that obeys.
const (
	None Fault = ""

	ReadyTooEarly       Fault = "ready-too-early"
	NoReadyBell         Fault = "no-ready-bell"
	BellBeforeReady     Fault = "bell-before-ready"
	NeverReady          Fault = "never-ready"
	StateSkipped        Fault = "state-skipped"
	ForeignPID          Fault = "foreign-pid"
	AnyFeature          Fault = "any-feature"
	AnyVersion          Fault = "any-version"
	WriteBeforeCheck    Fault = "write-before-check"
	SilentRefusal       Fault = "silent-refusal"
	HeaderWriter        Fault = "header-writer"
	SwappedFields       Fault = "swapped-fields"
	AnswersTwice        Fault = "answers-twice"
	WrongID             Fault = "wrong-id"
	NeverAnswers        Fault = "never-answers"
	DiesOnRefusal       Fault = "dies-on-refusal"
	SilentOnRefusal     Fault = "silent-on-refusal"
	OtherCode           Fault = "other-code"
	AnswersDropped      Fault = "answers-dropped"
	Crashes             Fault = "crashes"
	TakesBatches        Fault = "takes-batches"
	RunsBeforeTaking    Fault = "runs-before-taking"
	TakesFirstFragment  Fault = "takes-first-fragment"
	HoardsFragments     Fault = "hoards-fragments"
	Overwrites          Fault = "overwrites"
	ShortFragments      Fault = "short-fragments"
	NoLookAhead         Fault = "no-look-ahead"
	IgnoresCancel       Fault = "ignores-cancel"
	CancelsAnswered     Fault = "cancels-answered"
	LosesWakeups        Fault = "loses-wakeups"
	NeverRings          Fault = "never-rings"
	RingsAtTheEnd       Fault = "rings-at-the-end"
	DiesOnFullBell      Fault = "dies-on-full-bell"
	TrustsBells         Fault = "trusts-bells"
	Polls               Fault = "polls"
	Spins               Fault = "spins"
	IgnoresSIGTERM      Fault = "ignores-sigterm"
	DiesOnSIGINT        Fault = "dies-on-sigint"
	DropsCallsAtEnd     Fault = "drops-calls-at-end"
	TakesAfterShutdown  Fault = "takes-after-shutdown"
	IgnoresLifeline     Fault = "ignores-lifeline"
	TrustsPosition      Fault = "trusts-position"
	TrustsReadPosition  Fault = "trusts-read-position"
	TrustsLength        Fault = "trusts-length"
	TrustsOffset        Fault = "trusts-offset"
	BelievesLength      Fault = "believes-length"
	ExitsWithoutCode    Fault = "exits-without-code"
	PositionsFromZero   Fault = "positions-from-zero"
	Positions32Bit      Fault = "positions-32-bit"
	AllowsAll           Fault = "allows-all"
	AllowsPrivate       Fault = "allows-private"
	QuestionMark        Fault = "question-mark"
	KeepsConfig         Fault = "keeps-config"
	SendsNaN            Fault = "sends-nan"
	TextFailures        Fault = "text-failures"
	LaxJSON             Fault = "lax-json"
	IgnoresArguments    Fault = "ignores-arguments"
	SilentWhenTooLarge  Fault = "silent-when-too-large"
	StopsAfterTwenty    Fault = "stops-after-twenty"
	PrintsMessages      Fault = "prints-messages"
	CorruptsLargeAnswer Fault = "corrupts-large-answer"
	Scribbles           Fault = "scribbles"
)

// Description says what a worker with a fault does.
type Description struct {
	Fault Fault
	Does  string
}

// Faults lists every fault but None.
var Faults = []Description{
	{ReadyTooEarly, "stores READY before pid, version and name"},
	{NoReadyBell, "does not ring after READY"},
	{BellBeforeReady, "rings before it stores READY"},
	{NeverReady, "hangs in its start"},
	{StateSkipped, "goes from READY to STOPPED"},
	{ForeignPID, "writes another process id than its own"},
	{AnyFeature, "accepts feature bits that it does not know"},
	{AnyVersion, "accepts another magic and another version"},
	{WriteBeforeCheck, "writes its worker block, and more, before it checks the region"},
	{SilentRefusal, "refuses a region without saying why"},
	{HeaderWriter, "writes to the region header"},
	{SwappedFields, "writes status_code before body_len"},
	{AnswersTwice, "sends every response twice"},
	{WrongID, "answers with the next request_id"},
	{NeverAnswers, "takes requests and does not answer"},
	{DiesOnRefusal, "exits when it gets a message that chapter 01 refuses"},
	{SilentOnRefusal, "does not answer messages that chapter 01 refuses"},
	{OtherCode, "calls every refusal BAD_TYPE"},
	{AnswersDropped, "answers messages without a request_id with id 1"},
	{Crashes, "ends with SIGSEGV at the tenth message"},
	{TakesBatches, "takes all requests that are there and then runs them"},
	{RunsBeforeTaking, "takes a request after its user code has run"},
	{TakesFirstFragment, "takes a request with its first fragment"},
	{HoardsFragments, "releases no fragment before the message is whole"},
	{Overwrites, "does not wait for room in the response ring"},
	{ShortFragments, "writes fragments that do not fill their slots"},
	{NoLookAhead, "sees a CANCEL only when its turn comes"},
	{IgnoresCancel, "cancels nothing"},
	{CancelsAnswered, "remembers a CANCEL for an answered call and cancels the next call with its id"},
	{LosesWakeups, "does not look at the ring between need_wakeup and sleeping"},
	{NeverRings, "never rings for a response"},
	{RingsAtTheEnd, "rings for a response only when all of it is published"},
	{DiesOnFullBell, "exits when it cannot ring any further"},
	{TrustsBells, "takes each ring for one message"},
	{Polls, "wakes up every millisecond"},
	{Spins, "spins instead of sleeping"},
	{IgnoresSIGTERM, "ignores SIGTERM"},
	{DiesOnSIGINT, "exits on SIGINT"},
	{DropsCallsAtEnd, "exits on SHUTDOWN without answering the calls in flight"},
	{TakesAfterShutdown, "goes on with what lies behind SHUTDOWN"},
	{IgnoresLifeline, "does not notice the end of its lifeline"},
	{TrustsPosition, "does not check write_position"},
	{TrustsReadPosition, "does not check read_position"},
	{TrustsLength, "does not check message_length"},
	{TrustsOffset, "does not check fragment_offset"},
	{BelievesLength, "allocates message_length at the first fragment"},
	{ExitsWithoutCode, "exits with 1 when its lane is corrupt"},
	{PositionsFromZero, "begins at position 0, whatever the region says"},
	{Positions32Bit, "keeps positions in 32 bits"},
	{AllowsAll, "does not look at the allow patterns"},
	{AllowsPrivate, "lets * stand for private names"},
	{QuestionMark, "takes ? in a pattern for any character"},
	{KeepsConfig, "leaves its configuration in the environment"},
	{SendsNaN, "sends NaN"},
	{TextFailures, "sends a JSON string as the body of a failure"},
	{LaxJSON, "takes null and invalid UTF-8 for arguments"},
	{IgnoresArguments, "ignores arguments that a function does not have"},
	{SilentWhenTooLarge, "does not answer if the result is above max_message"},
	{StopsAfterTwenty, "hangs at the twentieth message"},
	{PrintsMessages, "prints every message to its standard output"},
	{Scribbles, "writes random bytes all over the region from the tenth message on"},
	{CorruptsLargeAnswer, "changes one byte of every answer above 4,000 bytes"},
}

// Known reports whether there is such a fault.
func Known(f Fault) bool {
	for _, d := range Faults {
		if d.Fault == f {
			return true
		}
	}
	return f == None
}
