// SUM8 adds the eight floats of Y y, and leaves the result in the low lane of X x, the low
// half of the same register. tmp is the X register of a temporary.
#define SUM8(y, x, tmp) \
	VEXTRACTF128 $1, y, tmp; \
	VADDPS       tmp, x, x; \
	VMOVHLPS     x, x, tmp; \
	VADDPS       tmp, x, x; \
	VMOVSHDUP    x, tmp; \
	VADDSS       tmp, x, x

// ONES16 sets each 16-bit lane of y to 1.
#define ONES16(y) \
	VPCMPEQW y, y, y; \
	VPSRLW   $15, y, y

// PRODUCT multiplies 32 signed bytes in w with 32 signed bytes in x, adds the products
// in fours, and converts the sums to float32 in out. The sign of w is moved to x, because the
// instruction wants an unsigned and a signed operand; abs holds the absolute values of w.
// Pairs do not exceed 2 × 128 × 127, so they fit into 16 bits. Y15 must be ONES16.
#define PRODUCT(w, abs, x, out) \
	VPSIGNB    w, x, x; \
	VPMADDUBSW x, abs, out; \
	VPMADDWD   Y15, out, out; \
	VCVTDQ2PS  out, out

// NIBBLES32 loads 16 bytes: the low nibbles into the low half of Y0, the high ones into the
// high half.
#define NIBBLES32(w) \
	VMOVDQU     w(SI), X0; \
	VPSRLW      $4, X0, X1; \
	VINSERTI128 $1, X1, Y0, Y0; \
	VPAND       Y15, Y0, Y0

// BITS32 sets bit 4 of byte i of Y0 if bit i of the four bytes at w is set.
#define BITS32(w) \
	VPBROADCASTD w(SI), Y2; \
	VPSHUFB      Y11, Y2, Y2; \
	VPAND        Y12, Y2, Y2; \
	VPCMPEQB     Y12, Y2, Y2; \
	VPAND        Y14, Y2, Y2; \
	VPOR         Y2, Y0, Y0

// BITS32CONSTANTS loads the constants of BITS32 into Y11, Y12 and Y14.
#define BITS32CONSTANTS \
	VMOVDQU      ·bytes(SB), Y11; \
	VPBROADCASTQ ·bit(SB), Y12; \
	MOVL         $0x10101010, AX; \
	VMOVD        AX, X14; \
	VPBROADCASTD X14, Y14
