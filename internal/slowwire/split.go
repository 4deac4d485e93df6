package slowwire

// Split cuts a stream that holds b and then ends into frames. The refusal is nil
// if it ends between two frames.
func Split(direction string, b []byte, maxMessage uint64) (frames [][]byte, refusal *Refusal) {
	for len(b) > 0 {
		total, refusal := Header(direction, b, maxMessage)
		if refusal != nil {
			return frames, refusal
		}
		if total > uint64(len(b)) {
			return frames, Decode(direction, b, maxMessage).Refusal
		}
		frames = append(frames, b[:total])
		b = b[total:]
	}
	return frames, nil
}
