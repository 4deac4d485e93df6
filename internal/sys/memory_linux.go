package sys

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// NewSharedMemory makes an anonymous shared memory object of size bytes, all
// zero, sealed so that nobody who holds the descriptor can shrink or grow it
// (a shrunk mapping would turn a load into SIGBUS). The caller closes the file.
//
//spec:req REGION-004
func NewSharedMemory(name string, size int) (*os.File, error) {
	f, err := memfd(name)
	if err != nil {
		return nil, err
	}
	if err := f.Truncate(int64(size)); err != nil {
		f.Close()
		return nil, fmt.Errorf("size shared memory: size=%d: %w", size, err)
	}
	if err := seal(f, unix.F_SEAL_SHRINK|unix.F_SEAL_GROW|unix.F_SEAL_SEAL); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// NewSealedFile makes an anonymous file with fixed, read-only content. The
// caller closes the file.
func NewSealedFile(name string, content []byte) (*os.File, error) {
	f, err := memfd(name)
	if err != nil {
		return nil, err
	}
	if _, err := f.Write(content); err != nil {
		f.Close()
		return nil, fmt.Errorf("write anonymous file: name=%s: %w", name, err)
	}
	if err := seal(f, unix.F_SEAL_SHRINK|unix.F_SEAL_GROW|unix.F_SEAL_WRITE|unix.F_SEAL_SEAL); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

func memfd(name string) (*os.File, error) {
	fd, err := unix.MemfdCreate(name, unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	if err != nil {
		return nil, os.NewSyscallError("memfd_create", err)
	}
	return os.NewFile(uintptr(fd), "memfd:"+name), nil
}

func seal(f *os.File, seals int) error {
	if _, err := unix.FcntlInt(f.Fd(), unix.F_ADD_SEALS, seals); err != nil {
		return os.NewSyscallError("fcntl(F_ADD_SEALS)", err)
	}
	return nil
}

// Map maps the first size bytes of f, shared, for reading and writing. Unmap
// releases them; nobody may touch the slice afterwards.
func Map(f *os.File, size int) ([]byte, error) {
	mem, err := unix.Mmap(int(f.Fd()), 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return nil, fmt.Errorf("map shared memory: size=%d: %w", size, os.NewSyscallError("mmap", err))
	}
	return mem, nil
}

// Unmap releases what Map returned.
func Unmap(mem []byte) error {
	return os.NewSyscallError("munmap", unix.Munmap(mem))
}
