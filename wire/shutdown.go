package wire

// AppendShutdown appends a SHUTDOWN frame, RequestHeaderSize bytes, to dst.
//
//spec:req WIRE-030
func AppendShutdown(dst []byte) []byte {
	h := requestHeader{typ: TypeShutdown, total: RequestHeaderSize}
	return h.append(dst)
}

// checkShutdown checks the contents of a SHUTDOWN.
//
//spec:req WIRE-018
func (r *Request) checkShutdown() *Error {
	if r.ID != 0 {
		return refuse(CodeReservedID, offRequestRequestID, FieldRequestID, uint64(r.ID), 0)
	}
	return r.checkBare()
}

// checkBare checks that a frame is nothing but its header.
//
//spec:req WIRE-020
func (r *Request) checkBare() *Error {
	switch {
	case len(r.Module) != 0:
		return refuse(CodeNonzeroLength, offRequestModuleNameLen, FieldModuleNameLen, uint64(len(r.Module)), 0)
	case len(r.Function) != 0:
		return refuse(CodeNonzeroLength, offRequestFunctionNameLen, FieldFunctionNameLen, uint64(len(r.Function)), 0)
	case len(r.Kwargs) != 0:
		return refuse(CodeNonzeroLength, offRequestKwargsLen, FieldKwargsLen, uint64(len(r.Kwargs)), 0)
	}
	return nil
}
