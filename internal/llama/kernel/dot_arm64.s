#include "textflag.h"
#include "macros_arm64.h"

// Products of one unpacked row with one or four vectors of activations. See dot_amd64.s.

// TOKEN32 adds the product of the 32 weights in V0 and V1, with the scale in V20, and the
// activations at x to lane sums in acc.
#define TOKEN32(x, xscale, acc) \
	VLD1.P  32(x), [V2.B16, V3.B16]; \
	VLD1R.P 4(xscale), [V21.S4]; \
	ZERO(V4); \
	SDOT(2, 0, 4); \
	SDOT(3, 1, 4); \
	SCVTF(4, 4); \
	FMUL(20, 21, 21); \
	VFMLA   V21.S4, V4.S4, acc.S4

// TOKEN16 is TOKEN32 with another scale, in V22, for the second 16 weights.
#define TOKEN16(x, xscale, acc) \
	VLD1.P  32(x), [V2.B16, V3.B16]; \
	VLD1R.P 4(xscale), [V21.S4]; \
	ZERO(V4); \
	ZERO(V5); \
	SDOT(2, 0, 4); \
	SDOT(3, 1, 5); \
	SCVTF(4, 4); \
	SCVTF(5, 5); \
	FMUL(20, 21, 23); \
	FMUL(22, 21, 24); \
	VFMLA   V23.S4, V4.S4, acc.S4; \
	VFMLA   V24.S4, V5.S4, acc.S4

#define SCALE32 VLD1R.P 4(R2), [V20.S4]

#define SCALE16 \
	VLD1R.P 4(R2), [V20.S4]; \
	VLD1R.P 4(R2), [V22.S4]

#define DOT1(token, loadscale) \
	MOVD   dst+0(FP), R0; \
	MOVD   w+8(FP), R1; \
	MOVD   scale+16(FP), R2; \
	MOVD   x+24(FP), R3; \
	MOVD   xscale+32(FP), R4; \
	MOVD   blocks+40(FP), R5; \
	ZERO(V16); \
loop: \
	VLD1.P 32(R1), [V0.B16, V1.B16]; \
	loadscale; \
	token(R3, R4, V16); \
	SUBS   $1, R5; \
	BNE    loop; \
	SUM4(16); \
	FMOVS  F16, (R0); \
	RET

// The activations of the four tokens are 32 × blocks bytes apart, and their scales 4 × blocks.
#define DOT4(token, loadscale) \
	MOVD   dst+0(FP), R0; \
	MOVD   w+8(FP), R1; \
	MOVD   scale+16(FP), R2; \
	MOVD   x+24(FP), R3; \
	MOVD   xscale+32(FP), R4; \
	MOVD   blocks+40(FP), R5; \
	ADD    R5<<5, R3, R6; \
	ADD    R5<<5, R6, R7; \
	ADD    R5<<5, R7, R8; \
	ADD    R5<<2, R4, R9; \
	ADD    R5<<2, R9, R10; \
	ADD    R5<<2, R10, R11; \
	ZERO(V16); \
	ZERO(V17); \
	ZERO(V18); \
	ZERO(V19); \
loop: \
	VLD1.P 32(R1), [V0.B16, V1.B16]; \
	loadscale; \
	token(R3, R4, V16); \
	token(R6, R9, V17); \
	token(R7, R10, V18); \
	token(R8, R11, V19); \
	SUBS   $1, R5; \
	BNE    loop; \
	FADDP(17, 16, 16); \
	FADDP(19, 18, 18); \
	FADDP(18, 16, 16); \
	VST1   [V16.S4], (R0); \
	RET

// func dot1Group32ASM(dst *float32, w *byte, scale *float32, x *int8, xscale *float32, blocks int)
TEXT ·dot1Group32ASM(SB), NOSPLIT, $0-48
	DOT1(TOKEN32, SCALE32)

// func dot1Group16ASM(dst *float32, w *byte, scale *float32, x *int8, xscale *float32, blocks int)
TEXT ·dot1Group16ASM(SB), NOSPLIT, $0-48
	DOT1(TOKEN16, SCALE16)

// func dot4Group32ASM(dst *float32, w *byte, scale *float32, x *int8, xscale *float32, blocks int)
TEXT ·dot4Group32ASM(SB), NOSPLIT, $0-48
	DOT4(TOKEN32, SCALE32)

// func dot4Group16ASM(dst *float32, w *byte, scale *float32, x *int8, xscale *float32, blocks int)
TEXT ·dot4Group16ASM(SB), NOSPLIT, $0-48
	DOT4(TOKEN16, SCALE16)
