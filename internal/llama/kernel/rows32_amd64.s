#include "textflag.h"
#include "macros_amd64.h"

// Products of rows of Q4_0, Q4_1, Q5_0 and Q5_1, as they are stored, with one vector.

#define NIBBLES 0x0f0f0f0f

#define LOADQ4_0 \
	NIBBLES32(2); \
	VPSUBB Y13, Y0, Y0

#define LOADQ4_1 \
	NIBBLES32(4)

#define LOADQ5_0 \
	NIBBLES32(6); \
	BITS32(2); \
	VPSUBB Y14, Y0, Y0

#define LOADQ5_1 \
	NIBBLES32(8); \
	BITS32(4)

// NOMIN and MIN add the minimum × the sum of the activations to the lowest lane of Y9.
#define NOMIN

#define MIN \
	VPBROADCASTW 2(SI), X5; \
	VCVTPH2PS    X5, X5; \
	VFMADD231SS  (R11), X5, X9

// ROWS32 multiplies rows with blocks of 32 values. Y10 has ones, because Y15 masks nibbles
// while a block is loaded.
#define ROWS32(loadblock, addmin, bytes) \
	MOVQ         dst+0(FP), DI; \
	MOVQ         w+8(FP), SI; \
	MOVQ         rows+16(FP), DX; \
	ONES16(Y10); \
	MOVL         $NIBBLES, AX; \
	VMOVD        AX, X15; \
	VPBROADCASTD X15, Y15; \
	MOVL         $0x08080808, AX; \
	VMOVD        AX, X13; \
	VPBROADCASTD X13, Y13; \
	BITS32CONSTANTS; \
row: \
	MOVQ         blocks+24(FP), CX; \
	MOVQ         x+32(FP), R9; \
	MOVQ         xscale+40(FP), R10; \
	MOVQ         xsum+48(FP), R11; \
	VXORPS       Y8, Y8, Y8; \
	VXORPS       Y9, Y9, Y9; \
block: \
	PREFETCHT0   4096(SI); \
	loadblock; \
	VPABSB       Y0, Y1; \
	VMOVDQU      (R9), Y2; \
	VPSIGNB      Y0, Y2, Y2; \
	VPMADDUBSW   Y2, Y1, Y3; \
	VPMADDWD     Y10, Y3, Y3; \
	VCVTDQ2PS    Y3, Y3; \
	VPBROADCASTW (SI), X4; \
	VCVTPH2PS    X4, X4; \
	VMULSS       (R10), X4, X4; \
	VBROADCASTSS X4, Y4; \
	VFMADD231PS  Y3, Y4, Y8; \
	addmin; \
	ADDQ         $bytes, SI; \
	ADDQ         $32, R9; \
	ADDQ         $4, R10; \
	ADDQ         $4, R11; \
	DECQ         CX; \
	JNZ          block; \
	VADDPS       Y9, Y8, Y8; \
	SUM8(Y8, X8, X0); \
	VMOVSS       X8, (DI); \
	ADDQ         $4, DI; \
	DECQ         DX; \
	JNZ          row; \
	VZEROUPPER; \
	RET

// func rowsQ4_0AVX2(dst *float32, w *byte, rows, blocks int, x *int8, xscale, xsum *float32)
TEXT ·rowsQ4_0AVX2(SB), NOSPLIT, $0-56
	ROWS32(LOADQ4_0, NOMIN, 18)

// func rowsQ4_1AVX2(dst *float32, w *byte, rows, blocks int, x *int8, xscale, xsum *float32)
TEXT ·rowsQ4_1AVX2(SB), NOSPLIT, $0-56
	ROWS32(LOADQ4_1, MIN, 20)

// func rowsQ5_0AVX2(dst *float32, w *byte, rows, blocks int, x *int8, xscale, xsum *float32)
TEXT ·rowsQ5_0AVX2(SB), NOSPLIT, $0-56
	ROWS32(LOADQ5_0, NOMIN, 22)

// func rowsQ5_1AVX2(dst *float32, w *byte, rows, blocks int, x *int8, xscale, xsum *float32)
TEXT ·rowsQ5_1AVX2(SB), NOSPLIT, $0-56
	ROWS32(LOADQ5_1, MIN, 24)
