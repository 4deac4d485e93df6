package wire

// HeaderField says where a field lies in a header.
type HeaderField struct {
	Name   Field
	Offset int // bytes from the start of the frame
	Size   int // bytes
}
