#include "textflag.h"
#include "macros_arm64.h"

// Products of rows of floats with one vector. See float_amd64.s.

// The LOAD macros load 16 weights as float32 into V0 … V3.
#define LOADF32 VLD1.P 64(R1), [V0.S4, V1.S4, V2.S4, V3.S4]

#define LOADF16 \
	VLD1.P 32(R1), [V8.H8, V9.H8]; \
	FCVTL(8, 0); \
	FCVTL2(8, 1); \
	FCVTL(9, 2); \
	FCVTL2(9, 3)

#define LOADBF16 \
	VLD1.P 32(R1), [V8.H8, V9.H8]; \
	SHLL(8, 0); \
	SHLL2(8, 1); \
	SHLL(9, 2); \
	SHLL2(9, 3)

#define ROWSFLOAT(load) \
	MOVD   dst+0(FP), R0; \
	MOVD   w+8(FP), R1; \
	MOVD   rows+16(FP), R2; \
row: \
	MOVD   cols+24(FP), R3; \
	MOVD   x+32(FP), R4; \
	ZERO(V16); \
	ZERO(V17); \
	ZERO(V18); \
	ZERO(V19); \
block: \
	load; \
	VLD1.P 64(R4), [V4.S4, V5.S4, V6.S4, V7.S4]; \
	VFMLA  V4.S4, V0.S4, V16.S4; \
	VFMLA  V5.S4, V1.S4, V17.S4; \
	VFMLA  V6.S4, V2.S4, V18.S4; \
	VFMLA  V7.S4, V3.S4, V19.S4; \
	SUBS   $16, R3; \
	BNE    block; \
	FADD(17, 16, 16); \
	FADD(19, 18, 18); \
	FADD(18, 16, 16); \
	SUM4(16); \
	FMOVS  F16, (R0); \
	ADD    $4, R0; \
	SUBS   $1, R2; \
	BNE    row; \
	RET

// func rowsF32ASM(dst *float32, w *byte, rows, cols int, x *float32)
TEXT ·rowsF32ASM(SB), NOSPLIT, $0-40
	ROWSFLOAT(LOADF32)

// func rowsF16ASM(dst *float32, w *byte, rows, cols int, x *float32)
TEXT ·rowsF16ASM(SB), NOSPLIT, $0-40
	ROWSFLOAT(LOADF16)

// func rowsBF16ASM(dst *float32, w *byte, rows, cols int, x *float32)
TEXT ·rowsBF16ASM(SB), NOSPLIT, $0-40
	ROWSFLOAT(LOADBF16)

// func dotF32ASM(a, b *float32, n int) float32
TEXT ·dotF32ASM(SB), NOSPLIT, $0-28
	MOVD a+0(FP), R0
	MOVD b+8(FP), R1
	MOVD n+16(FP), R2
	ZERO(V16)
	SUBS $4, R2
	BLT  rest

four:
	VLD1.P 16(R0), [V0.S4]
	VLD1.P 16(R1), [V1.S4]
	VFMLA  V1.S4, V0.S4, V16.S4
	SUBS   $4, R2
	BGE    four

rest:
	SUM4(16)
	ADDS $4, R2
	BEQ  done

one:
	FMOVS.P 4(R0), F0
	FMOVS.P 4(R1), F1
	FMADDS  F1, F16, F0, F16
	SUBS    $1, R2
	BNE     one

done:
	FMOVS F16, ret+24(FP)
	RET
