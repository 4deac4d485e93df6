package wire

// BufferCap is the room in bytes that the stream has made.
func (s *Stream) BufferCap() int { return cap(s.buf) }

// FrameLimit is the limit that the codec applies.
var FrameLimit = frameLimit
