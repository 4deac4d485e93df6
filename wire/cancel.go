package wire

// AppendCancel appends a CANCEL frame, RequestHeaderSize bytes, for the call
// with the given id to dst. Id 0, which no call has, is refused with an *Error
// and leaves dst as it was.
//
//spec:req WIRE-030
//spec:req WIRE-031
func AppendCancel(dst []byte, id uint32) ([]byte, error) {
	r := Request{Type: TypeCancel, ID: id}
	return r.AppendHeader(dst, RequestHeaderSize)
}

// checkCancel checks the contents of a CANCEL.
//
//spec:req WIRE-019
func (r *Request) checkCancel() *Error {
	if r.ID == 0 {
		return refuse(CodeReservedID, offRequestRequestID, FieldRequestID, 0, 0)
	}
	return r.checkBare()
}
