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

// PRODUCT_AVX2 multiplies 32 signed bytes in w with 32 signed bytes in x, adds the products
// in fours, and converts the sums to float32 in out. The sign of w is moved to x, because the
// instruction wants an unsigned and a signed operand; abs holds the absolute values of w.
// Pairs do not exceed 2 × 128 × 127, so they fit into 16 bits. Y15 must be ONES16.
#define PRODUCT_AVX2(w, abs, x, out) \
	VPSIGNB    w, x, x; \
	VPMADDUBSW x, abs, out; \
	VPMADDWD   Y15, out, out; \
	VCVTDQ2PS  out, out

// PRODUCT_VNNI is PRODUCT_AVX2 with the instruction of AVX-512 VNNI.
#define PRODUCT_VNNI(w, abs, x, out) \
	VPSIGNB   w, x, x; \
	VPXOR     out, out, out; \
	VPDPBUSD  x, abs, out; \
	VCVTDQ2PS out, out
