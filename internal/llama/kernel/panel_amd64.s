#include "textflag.h"

// The batch kernel: 16 rows × 4 tokens. Lanes are rows, so nothing is added across lanes.

// TRANSPOSE8 turns the 8 × 8 matrix of 32-bit numbers in Y0 … Y7 around its diagonal. The
// result is in Y8, Y9, Y10, Y11, Y4, Y5, Y6, Y7.
#define TRANSPOSE8 \
	VPUNPCKLDQ  Y1, Y0, Y8; \
	VPUNPCKHDQ  Y1, Y0, Y9; \
	VPUNPCKLDQ  Y3, Y2, Y10; \
	VPUNPCKHDQ  Y3, Y2, Y11; \
	VPUNPCKLDQ  Y5, Y4, Y12; \
	VPUNPCKHDQ  Y5, Y4, Y13; \
	VPUNPCKLDQ  Y7, Y6, Y14; \
	VPUNPCKHDQ  Y7, Y6, Y15; \
	VPUNPCKLQDQ Y10, Y8, Y0; \
	VPUNPCKHQDQ Y10, Y8, Y1; \
	VPUNPCKLQDQ Y11, Y9, Y2; \
	VPUNPCKHQDQ Y11, Y9, Y3; \
	VPUNPCKLQDQ Y14, Y12, Y4; \
	VPUNPCKHQDQ Y14, Y12, Y5; \
	VPUNPCKLQDQ Y15, Y13, Y6; \
	VPUNPCKHQDQ Y15, Y13, Y7; \
	VPERM2I128  $0x20, Y4, Y0, Y8; \
	VPERM2I128  $0x20, Y5, Y1, Y9; \
	VPERM2I128  $0x20, Y6, Y2, Y10; \
	VPERM2I128  $0x20, Y7, Y3, Y11; \
	VPERM2I128  $0x31, Y4, Y0, Y4; \
	VPERM2I128  $0x31, Y5, Y1, Y5; \
	VPERM2I128  $0x31, Y6, Y2, Y6; \
	VPERM2I128  $0x31, Y7, Y3, Y7

// PACK8 packs 32 bytes of each of the eight rows at R8, and leaves R8 at the next eight.
#define PACK8(to) \
	LEAQ    (R8)(DX*4), R9; \
	VMOVDQU (R8), Y0; \
	VMOVDQU (R8)(DX*1), Y1; \
	VMOVDQU (R8)(DX*2), Y2; \
	VMOVDQU (R8)(BX*1), Y3; \
	VMOVDQU (R9), Y4; \
	VMOVDQU (R9)(DX*1), Y5; \
	VMOVDQU (R9)(DX*2), Y6; \
	VMOVDQU (R9)(BX*1), Y7; \
	LEAQ    (R9)(DX*4), R8; \
	TRANSPOSE8; \
	VPXORD  Y16, Y8, Y8; \
	VPXORD  Y16, Y9, Y9; \
	VPXORD  Y16, Y10, Y10; \
	VPXORD  Y16, Y11, Y11; \
	VPXORD  Y16, Y4, Y4; \
	VPXORD  Y16, Y5, Y5; \
	VPXORD  Y16, Y6, Y6; \
	VPXORD  Y16, Y7, Y7; \
	VMOVDQU Y8, to+0(DI); \
	VMOVDQU Y9, to+64(DI); \
	VMOVDQU Y10, to+128(DI); \
	VMOVDQU Y11, to+192(DI); \
	VMOVDQU Y4, to+256(DI); \
	VMOVDQU Y5, to+320(DI); \
	VMOVDQU Y6, to+384(DI); \
	VMOVDQU Y7, to+448(DI)

// GROUP multiplies 4 columns of 16 rows, group number n of the panel's block, with the
// activations of four tokens.
#define GROUP(n, x) \
	VMOVDQU32     (n)*64(SI), Z0; \
	VPDPBUSD.BCST x(R9), Z0, Z16; \
	VPDPBUSD.BCST x(R9)(DX*1), Z0, Z17; \
	VPDPBUSD.BCST x(R9)(DX*2), Z0, Z18; \
	VPDPBUSD.BCST x(R9)(R11*1), Z0, Z19

// SCALED adds the products in sum, times the scales in Z1 and xscale, to acc.
#define SCALED(sum, xscale, acc) \
	VCVTDQ2PS   sum, sum; \
	VMULPS.BCST xscale, Z1, Z2; \
	VFMADD231PS sum, Z2, acc

#define ALLSCALED \
	SCALED(Z16, (R10), Z20); \
	SCALED(Z17, (R10)(BX*1), Z21); \
	SCALED(Z18, (R10)(BX*2), Z22); \
	SCALED(Z19, (R10)(R12*1), Z23)

#define BEGIN \
	MOVQ   panel+16(FP), SI; \
	MOVQ   scale+24(FP), R8; \
	MOVQ   x+40(FP), R9; \
	MOVQ   xscale+48(FP), R10; \
	MOVQ   bias+64(FP), R13; \
	MOVQ   blocks+72(FP), CX; \
	MOVQ   CX, DX; \
	SHLQ   $5, DX; \
	LEAQ   (DX)(DX*2), R11; \
	MOVQ   CX, BX; \
	SHLQ   $2, BX; \
	LEAQ   (BX)(BX*2), R12; \
	VPXORD Z20, Z20, Z20; \
	VPXORD Z21, Z21, Z21; \
	VPXORD Z22, Z22, Z22; \
	VPXORD Z23, Z23, Z23

#define END \
	MOVQ    dst+0(FP), DI; \
	MOVQ    stride+8(FP), DX; \
	SHLQ    $2, DX; \
	VMOVUPS Z20, (DI); \
	ADDQ    DX, DI; \
	VMOVUPS Z21, (DI); \
	ADDQ    DX, DI; \
	VMOVUPS Z22, (DI); \
	ADDQ    DX, DI; \
	VMOVUPS Z23, (DI); \
	VZEROUPPER; \
	RET

// HALFBLOCK multiplies 16 columns.
#define HALFBLOCK(n, x, b) \
	VPBROADCASTD b(R13), Z16; \
	VPBROADCASTD b(R13)(R14*1), Z17; \
	VPBROADCASTD b(R13)(R14*2), Z18; \
	VPBROADCASTD b(R13)(AX*1), Z19; \
	GROUP(n, x); \
	GROUP(n+1, x+4); \
	GROUP(n+2, x+8); \
	GROUP(n+3, x+12); \
	VMOVUPS      (R8), Z1; \
	ADDQ         $64, R8; \
	ALLSCALED

// func packVNNI(panel, rows *byte, cols, blocks int)
TEXT ·packVNNI(SB), NOSPLIT, $0-32
	MOVQ         panel+0(FP), DI
	MOVQ         rows+8(FP), SI
	MOVQ         cols+16(FP), DX
	MOVQ         blocks+24(FP), CX
	LEAQ         (DX)(DX*2), BX
	MOVL         $0x80808080, AX
	VPBROADCASTD AX, Y16

block:
	MOVQ SI, R8
	PACK8(0)
	PACK8(32)
	ADDQ $32, SI
	ADDQ $512, DI
	DECQ CX
	JNZ  block
	VZEROUPPER
	RET

// func panel32VNNI(dst *float32, stride int, panel *byte, scale, min *float32, x *int8, xscale, xsum *float32, bias *int32, blocks int)
//
// min is nil if the type has no minimums.
TEXT ·panel32VNNI(SB), NOSPLIT, $0-80
	BEGIN
	MOVQ min+32(FP), AX
	MOVQ xsum+56(FP), R14

block:
	VPBROADCASTD (R13), Z16
	VPBROADCASTD (R13)(BX*1), Z17
	VPBROADCASTD (R13)(BX*2), Z18
	VPBROADCASTD (R13)(R12*1), Z19
	GROUP(0, 0)
	GROUP(1, 4)
	GROUP(2, 8)
	GROUP(3, 12)
	GROUP(4, 16)
	GROUP(5, 20)
	GROUP(6, 24)
	GROUP(7, 28)
	VMOVUPS      (R8), Z1
	ALLSCALED
	TESTQ        AX, AX
	JZ           next
	VMOVUPS      (AX), Z3
	VFMADD231PS.BCST (R14), Z3, Z20
	VFMADD231PS.BCST (R14)(BX*1), Z3, Z21
	VFMADD231PS.BCST (R14)(BX*2), Z3, Z22
	VFMADD231PS.BCST (R14)(R12*1), Z3, Z23
	ADDQ         $64, AX
	ADDQ         $4, R14

next:
	ADDQ $512, SI
	ADDQ $64, R8
	ADDQ $32, R9
	ADDQ $4, R10
	ADDQ $4, R13
	DECQ CX
	JNZ  block
	END

// func panel16VNNI(dst *float32, stride int, panel *byte, scale, min *float32, x *int8, xscale, xsum *float32, bias *int32, blocks int)
//
// It is panel32VNNI for groups of 16 without minimums. There is a bias for each 16 values.
TEXT ·panel16VNNI(SB), NOSPLIT, $0-80
	BEGIN
	LEAQ (BX)(BX*1), R14
	LEAQ (R14)(R14*2), AX

block:
	HALFBLOCK(0, 0, 0)
	HALFBLOCK(4, 16, 4)
	ADDQ $512, SI
	ADDQ $32, R9
	ADDQ $4, R10
	ADDQ $8, R13
	DECQ CX
	JNZ  block
	END
