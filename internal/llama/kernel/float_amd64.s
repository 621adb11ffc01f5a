#include "textflag.h"
#include "macros_amd64.h"

// Products of rows of floats with one vector.

#define LOADF32(from, to) VMOVUPS from, to
#define LOADF16(from, to) VCVTPH2PS from, to
#define LOADBF16(from, to) \
	VPMOVZXWD from, to; \
	VPSLLD    $16, to, to

// ROWSFLOAT multiplies rows of cols values with size bytes each, 32 values an iteration.
#define ROWSFLOAT(load, size) \
	MOVQ   dst+0(FP), DI; \
	MOVQ   w+8(FP), SI; \
	MOVQ   rows+16(FP), DX; \
row: \
	MOVQ   cols+24(FP), CX; \
	MOVQ   x+32(FP), R9; \
	VXORPS Y8, Y8, Y8; \
	VXORPS Y9, Y9, Y9; \
	VXORPS Y10, Y10, Y10; \
	VXORPS Y11, Y11, Y11; \
block: \
	PREFETCHT0  4096(SI); \
	load(0*size(SI), Y0); \
	load(8*size(SI), Y1); \
	load(16*size(SI), Y2); \
	load(24*size(SI), Y3); \
	VFMADD231PS (R9), Y0, Y8; \
	VFMADD231PS 32(R9), Y1, Y9; \
	VFMADD231PS 64(R9), Y2, Y10; \
	VFMADD231PS 96(R9), Y3, Y11; \
	ADDQ        $(32*size), SI; \
	ADDQ        $128, R9; \
	SUBQ        $32, CX; \
	JNZ         block; \
	VADDPS      Y9, Y8, Y8; \
	VADDPS      Y11, Y10, Y10; \
	VADDPS      Y10, Y8, Y8; \
	SUM8(Y8, X8, X0); \
	VMOVSS      X8, (DI); \
	ADDQ        $4, DI; \
	DECQ        DX; \
	JNZ         row; \
	VZEROUPPER; \
	RET

// func rowsF32ASM(dst *float32, w *byte, rows, cols int, x *float32)
TEXT ·rowsF32ASM(SB), NOSPLIT, $0-40
	ROWSFLOAT(LOADF32, 4)

// func rowsF16ASM(dst *float32, w *byte, rows, cols int, x *float32)
TEXT ·rowsF16ASM(SB), NOSPLIT, $0-40
	ROWSFLOAT(LOADF16, 2)

// func rowsBF16ASM(dst *float32, w *byte, rows, cols int, x *float32)
TEXT ·rowsBF16ASM(SB), NOSPLIT, $0-40
	ROWSFLOAT(LOADBF16, 2)

// func dotF32ASM(a, b *float32, n int) float32
TEXT ·dotF32ASM(SB), NOSPLIT, $0-28
	MOVQ   a+0(FP), SI
	MOVQ   b+8(FP), R9
	MOVQ   n+16(FP), CX
	VXORPS Y8, Y8, Y8
	SUBQ   $8, CX
	JLT    rest

eight:
	VMOVUPS     (SI), Y0
	VFMADD231PS (R9), Y0, Y8
	ADDQ        $32, SI
	ADDQ        $32, R9
	SUBQ        $8, CX
	JGE         eight

rest:
	SUM8(Y8, X8, X0)
	ADDQ $8, CX
	JZ   done

one:
	VMOVSS      (SI), X0
	VFMADD231SS (R9), X0, X8
	ADDQ        $4, SI
	ADDQ        $4, R9
	DECQ        CX
	JNZ         one

done:
	VMOVSS X8, ret+24(FP)
	VZEROUPPER
	RET
