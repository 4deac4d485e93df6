package main

import (
	"fmt"
	"strings"
)

// renderRing writes what package ring needs: the layout of a region, the
// states and exit codes of a worker, the codes of a corrupt lane, the limits.
func renderRing(reg *registry) ([]byte, error) {
	s := newSource("ring", "region.json", "codes.json", "limits.json", "wire.json")
	region := &reg.Region
	s.linef("\nimport (\n\"strconv\"\n\"time\"\n)")

	s.consts("Region (spec chapter 02). Offsets count bytes from the start of the region.", func() {
		s.linef("regionMagic = %q", region.Magic)
		s.linef("versionMajor = %d", region.VersionMajor)
		s.linef("versionMinor = %d", region.VersionMinor)
		s.linef("")
		s.linef("regionHeaderSize = %d", region.RegionHeader.Size)
		s.linef("requestControlOffset = %d", region.ControlBlock.RequestOffset)
		s.linef("responseControlOffset = %d", region.ControlBlock.ResponseOffset)
		s.linef("controlBlockSize = %d", region.ControlBlock.Size)
		s.linef("workerBlockOffset = %d", region.WorkerBlock.Offset)
		s.linef("workerBlockSize = %d", region.WorkerBlock.Size)
		s.linef("firstSlotsOffset = %d", region.FirstSlotsOffset)
		s.linef("slotsAlignment = %d", region.SlotsAlignment)
		s.linef("slotHeaderSize = %d", region.Slot.HeaderSize)
		s.linef("slotAlignment = %d", region.Slot.Alignment)
	})
	s.consts("Region header: offsets from the start of the region.", func() {
		s.offsets("Region", region.RegionHeader.Fields)
	})
	s.consts("Ring control block: offsets from the start of the block.", func() {
		s.offsets("Control", region.ControlBlock.Fields)
	})
	s.consts("Worker block: offsets from the start of the block.", func() {
		s.offsets("Worker", region.WorkerBlock.Fields)
	})
	s.consts("Notice (spec chapter 10): offsets from its start.", func() {
		s.linef("noticeType = %d", region.Notice.Type)
		s.linef("noticeSize = %d", region.Notice.Size)
		s.offsets("Notice", region.Notice.Fields)
	})
	s.consts("Slot header: offsets from the start of the slot.", func() {
		s.offsets("Slot", region.Slot.Fields)
	})
	s.consts("Payload encodings of a lane (spec chapter 06).", func() {
		for _, e := range reg.Wire.PayloadEncodings {
			s.linef("PayloadEncoding%s = %d", goName(e.Name), e.Value)
		}
	})
	s.consts("Limits and defaults (spec chapter 07).", func() {
		s.limits(reg, func(name string) bool { return name != "name_max" })
	})

	s.linef("\n// State is the state of a worker, as its worker block tells it (spec chapter 05).\ntype State uint32")
	s.consts("States of a worker.", func() {
		for _, state := range region.States {
			s.linef("State%s State = %d", goName(state.Name), state.Value)
		}
	})
	s.stringer("s", "State", "State", region.States)
	s.linef("\n// CanBecome reports whether a worker in state s may store next (LIFE-004).")
	var allowed []string
	for _, t := range region.Transitions {
		allowed = append(allowed, fmt.Sprintf("s == State%s && next == State%s", goName(t[0]), goName(t[1])))
	}
	s.linef("func (s State) CanBecome(next State) bool {\nreturn %s\n}", strings.Join(allowed, " ||\n"))

	s.linef("\n// ExitCode is the exit code of a worker process (spec chapter 05).\ntype ExitCode int")
	s.consts("Exit codes of a worker.", func() {
		for _, e := range region.ExitCodes {
			s.linef("Exit%s ExitCode = %d", goName(trimExit(e.Name)), e.Value)
		}
	})
	s.stringer("c", "ExitCode", "Exit", region.ExitCodes)

	codes := reg.codes("ring")
	s.linef("\n// Code says how a lane is corrupt (spec chapter 03).\ntype Code uint8")
	s.consts("Codes of a corrupt lane.", func() {
		for _, c := range codes {
			s.linef("Code%s Code = %d // %s", goName(c.Name), c.Value, c.Meaning)
		}
	})
	s.stringer("c", "Code", "Code", namesOf(codes))
	return s.format()
}
