#include "textflag.h"
#include "macros_amd64.h"

// Products of one unpacked row with one or four vectors of activations.

DATA twice16<>+0(SB)/4, $0
DATA twice16<>+4(SB)/4, $0
DATA twice16<>+8(SB)/4, $0
DATA twice16<>+12(SB)/4, $0
DATA twice16<>+16(SB)/4, $1
DATA twice16<>+20(SB)/4, $1
DATA twice16<>+24(SB)/4, $1
DATA twice16<>+28(SB)/4, $1
GLOBL twice16<>(SB), RODATA|NOPTR, $32

// SCALE32 loads the scale of 32 values into all lanes of Y4.
#define SCALE32 \
	VBROADCASTSS (R8), Y4; \
	ADDQ         $4, R8

// SCALE16 loads the scales of two times 16 values into the halves of Y4.
#define SCALE16 \
	VBROADCASTSD (R8), Y4; \
	VPERMILPS    Y14, Y4, Y4; \
	ADDQ         $8, R8

// TOKEN adds the product of a block and one token's activations to acc.
#define TOKEN(x, xscale, acc) \
	VMOVDQU      x, Y2; \
	PRODUCT(Y0, Y1, Y2, Y3); \
	VBROADCASTSS xscale, Y5; \
	VMULPS       Y4, Y5, Y5; \
	VFMADD231PS  Y3, Y5, acc

#define DOT1(loadscale) \
	MOVQ    dst+0(FP), DI; \
	MOVQ    w+8(FP), SI; \
	MOVQ    scale+16(FP), R8; \
	MOVQ    x+24(FP), R9; \
	MOVQ    xscale+32(FP), R10; \
	MOVQ    blocks+40(FP), CX; \
	ONES16(Y15); \
	VMOVDQU twice16<>(SB), Y14; \
	VXORPS  Y8, Y8, Y8; \
loop: \
	VMOVDQU (SI), Y0; \
	VPABSB  Y0, Y1; \
	loadscale; \
	TOKEN((R9), (R10), Y8); \
	ADDQ    $32, SI; \
	ADDQ    $32, R9; \
	ADDQ    $4, R10; \
	DECQ    CX; \
	JNZ     loop; \
	SUM8(Y8, X8, X0); \
	VMOVSS  X8, (DI); \
	VZEROUPPER; \
	RET

// The activations of the four tokens are cols bytes apart, and their scales cols/8 bytes.
#define DOT4(loadscale) \
	MOVQ    dst+0(FP), DI; \
	MOVQ    w+8(FP), SI; \
	MOVQ    scale+16(FP), R8; \
	MOVQ    x+24(FP), R9; \
	MOVQ    xscale+32(FP), R10; \
	MOVQ    blocks+40(FP), CX; \
	MOVQ    CX, DX; \
	SHLQ    $5, DX; \
	LEAQ    (DX)(DX*2), R11; \
	MOVQ    CX, BX; \
	SHLQ    $2, BX; \
	LEAQ    (BX)(BX*2), R12; \
	ONES16(Y15); \
	VMOVDQU twice16<>(SB), Y14; \
	VXORPS  Y8, Y8, Y8; \
	VXORPS  Y9, Y9, Y9; \
	VXORPS  Y10, Y10, Y10; \
	VXORPS  Y11, Y11, Y11; \
loop: \
	VMOVDQU (SI), Y0; \
	VPABSB  Y0, Y1; \
	loadscale; \
	TOKEN((R9), (R10), Y8); \
	TOKEN((R9)(DX*1), (R10)(BX*1), Y9); \
	TOKEN((R9)(DX*2), (R10)(BX*2), Y10); \
	TOKEN((R9)(R11*1), (R10)(R12*1), Y11); \
	ADDQ    $32, SI; \
	ADDQ    $32, R9; \
	ADDQ    $4, R10; \
	DECQ    CX; \
	JNZ     loop; \
	SUM8(Y8, X8, X0); \
	SUM8(Y9, X9, X0); \
	SUM8(Y10, X10, X0); \
	SUM8(Y11, X11, X0); \
	VMOVSS  X8, (DI); \
	VMOVSS  X9, 4(DI); \
	VMOVSS  X10, 8(DI); \
	VMOVSS  X11, 12(DI); \
	VZEROUPPER; \
	RET

// func dot1Group32ASM(dst *float32, w *byte, scale *float32, x *int8, xscale *float32, blocks int)
TEXT ·dot1Group32ASM(SB), NOSPLIT, $0-48
	DOT1(SCALE32)

// func dot1Group16ASM(dst *float32, w *byte, scale *float32, x *int8, xscale *float32, blocks int)
TEXT ·dot1Group16ASM(SB), NOSPLIT, $0-48
	DOT1(SCALE16)

// func dot4Group32ASM(dst *float32, w *byte, scale *float32, x *int8, xscale *float32, blocks int)
TEXT ·dot4Group32ASM(SB), NOSPLIT, $0-48
	DOT4(SCALE32)

// func dot4Group16ASM(dst *float32, w *byte, scale *float32, x *int8, xscale *float32, blocks int)
TEXT ·dot4Group16ASM(SB), NOSPLIT, $0-48
	DOT4(SCALE16)
