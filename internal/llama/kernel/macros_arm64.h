// Instructions that Go's assembler does not have. Operands are numbers of V registers, in the
// order of Go: the destination is last. The encodings are those of the Arm Architecture
// Reference Manual, section C7.2.

// SDOT adds products of signed bytes in fours to the 32-bit lanes of d.
#define SDOT(m, n, d) WORD $(0x4E809400 | (m)<<16 | (n)<<5 | (d))

// SCVTF converts 32-bit integers to float32.
#define SCVTF(n, d) WORD $(0x4E21D800 | (n)<<5 | (d))

// FMUL multiplies float32.
#define FMUL(m, n, d) WORD $(0x6E20DC00 | (m)<<16 | (n)<<5 | (d))

// FADDP adds neighbours of n, then of m.
#define FADDP(m, n, d) WORD $(0x6E20D400 | (m)<<16 | (n)<<5 | (d))

// FADD adds float32.
#define FADD(m, n, d) WORD $(0x4E20D400 | (m)<<16 | (n)<<5 | (d))

// FCVTL and FCVTL2 convert the lower and the upper half of half-precision numbers to float32.
#define FCVTL(n, d) WORD $(0x0E217800 | (n)<<5 | (d))
#define FCVTL2(n, d) WORD $(0x4E217800 | (n)<<5 | (d))

// FCVTN and FCVTN2 round float32 to half precision, into the lower and the upper half.
#define FCVTN(n, d) WORD $(0x0E216800 | (n)<<5 | (d))
#define FCVTN2(n, d) WORD $(0x4E216800 | (n)<<5 | (d))

// SHLL and SHLL2 shift 16-bit lanes of the lower and the upper half left by 16, into 32 bits.
#define SHLL(n, d) WORD $(0x2E613800 | (n)<<5 | (d))
#define SHLL2(n, d) WORD $(0x6E613800 | (n)<<5 | (d))

// SUM4 adds the four lanes of d.
#define SUM4(d) \
	FADDP(d, d, d); \
	FADDP(d, d, d)

// ZERO clears d.
#define ZERO(d) VEOR d.B16, d.B16, d.B16
