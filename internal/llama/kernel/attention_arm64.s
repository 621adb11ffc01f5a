#include "textflag.h"
#include "macros_arm64.h"

// Attention over half-precision keys and values. See attention_amd64.s.

// ROUND rounds the eight floats in V16 and V17 to half precision.
#define ROUND \
	FCVTN(16, 18); \
	FCVTN2(17, 18); \
	FCVTL(18, 16); \
	FCVTL2(18, 17)

#define NOTHING

// WEIGHTED adds the weighted sum of n vectors to dst, eight values of each at a time.
#define WEIGHTED(round) \
	MOVD    dst+0(FP), R0; \
	MOVD    values+16(FP), R1; \
	MOVD    width+32(FP), R2; \
	LSL     $1, R2, R3; \
eight: \
	VLD1    (R0), [V16.S4, V17.S4]; \
	MOVD    weights+8(FP), R4; \
	MOVD    n+24(FP), R5; \
	MOVD    R1, R6; \
vector: \
	VLD1R.P 4(R4), [V20.S4]; \
	VLD1    (R6), [V0.H8]; \
	ADD     R3, R6; \
	FCVTL(0, 1); \
	FCVTL2(0, 2); \
	VFMLA   V20.S4, V1.S4, V16.S4; \
	VFMLA   V20.S4, V2.S4, V17.S4; \
	round; \
	SUBS    $1, R5; \
	BNE     vector; \
	VST1.P  [V16.S4, V17.S4], 32(R0); \
	ADD     $16, R1; \
	SUBS    $8, R2; \
	BNE     eight; \
	RET

// func scoresASM(dst, query *float32, keys *uint16, n, width int)
TEXT ·scoresASM(SB), NOSPLIT, $0-40
	MOVD dst+0(FP), R0
	MOVD keys+16(FP), R1
	MOVD n+24(FP), R2

key:
	MOVD query+8(FP), R3
	MOVD width+32(FP), R4
	ZERO(V16)
	ZERO(V17)

eight:
	VLD1.P 16(R1), [V0.H8]
	VLD1.P 32(R3), [V3.S4, V4.S4]
	FCVTL(0, 1)
	FCVTL2(0, 2)
	VFMLA  V3.S4, V1.S4, V16.S4
	VFMLA  V4.S4, V2.S4, V17.S4
	SUBS   $8, R4
	BNE    eight
	FADD(17, 16, 16)
	SUM4(16)
	FMOVS  F16, (R0)
	ADD    $4, R0
	SUBS   $1, R2
	BNE    key
	RET

// func weightedASM(dst, weights *float32, values *uint16, n, width int)
TEXT ·weightedASM(SB), NOSPLIT, $0-40
	WEIGHTED(NOTHING)

// func weightedHalfASM(dst, weights *float32, values *uint16, n, width int)
TEXT ·weightedHalfASM(SB), NOSPLIT, $0-40
	WEIGHTED(ROUND)

// func toHalfASM(dst *uint16, src *float32, n int)
TEXT ·toHalfASM(SB), NOSPLIT, $0-24
	MOVD dst+0(FP), R0
	MOVD src+8(FP), R1
	MOVD n+16(FP), R2

loop:
	VLD1.P 32(R1), [V16.S4, V17.S4]
	FCVTN(16, 18)
	FCVTN2(17, 18)
	VST1.P [V18.H8], 16(R0)
	SUBS   $8, R2
	BNE    loop
	RET

// func roundHalfASM(dst, src *float32, n int)
TEXT ·roundHalfASM(SB), NOSPLIT, $0-24
	MOVD dst+0(FP), R0
	MOVD src+8(FP), R1
	MOVD n+16(FP), R2

loop:
	VLD1.P 32(R1), [V16.S4, V17.S4]
	ROUND
	VST1.P [V16.S4, V17.S4], 32(R0)
	SUBS   $8, R2
	BNE    loop
	RET
