// Package wire turns the frames of spec chapter 01 into values and back:
// REQUEST, SHUTDOWN and CANCEL from the master, RESPONSE from the worker.
//
//	Request.Append ──▶ bytes ──▶ ParseRequest      master to worker, 21-byte header
//	ParseResponse  ◀── bytes ◀── Response.Append   worker to master, 20-byte header
//	                   Stream, Reader              the same frames, one after another
//
// The codec is strict. It accepts exactly one encoding of each message, so that
// what was parsed is encoded to the same bytes again, and it refuses everything
// else with an [*Error]: a code with its category, an offset and a field, the
// same in every implementation of the specification.
//
// Parsing does not copy or allocate: the parts of a parsed message are views
// into the input, and good for as long as the input is left alone. Appending to
// a slice with room does not allocate either. Only a refusal allocates.
//
// Every function takes maxMessage, the largest frame in bytes, header included,
// that the two sides agreed on: [MaxMessageMin] to [MaxMessageMax], usually
// [MaxMessageDefault]. It has no default here; 0 refuses every frame.
//
// Nothing here does I/O (but [Reader], through the io.Reader it is given), reads
// a clock or starts a goroutine. Functions may be called concurrently; a Stream
// or Reader belongs to one goroutine at a time.
package wire
