#include "textflag.h"
#include "macros_amd64.h"

// Elementwise functions.

// func largestAVX2(x *float32, n int) float32
//
// It returns the largest absolute value. n is a multiple of 32.
TEXT ·largestAVX2(SB), NOSPLIT, $0-20
	MOVQ     x+0(FP), SI
	MOVQ     n+8(FP), CX
	VPCMPEQD Y15, Y15, Y15
	VPSRLD   $1, Y15, Y15
	VPXOR    Y8, Y8, Y8
	VPXOR    Y9, Y9, Y9

loop:
	VPAND   (SI), Y15, Y0
	VPAND   32(SI), Y15, Y1
	VPAND   64(SI), Y15, Y2
	VPAND   96(SI), Y15, Y3
	VPMAXUD Y0, Y8, Y8
	VPMAXUD Y1, Y9, Y9
	VPMAXUD Y2, Y8, Y8
	VPMAXUD Y3, Y9, Y9
	ADDQ    $128, SI
	SUBQ    $32, CX
	JNZ     loop
	VPMAXUD Y9, Y8, Y8
	VEXTRACTI128 $1, Y8, X0
	VPMAXUD X0, X8, X8
	VPSHUFD $0x4e, X8, X0
	VPMAXUD X0, X8, X8
	VPSHUFD $0xb1, X8, X0
	VPMAXUD X0, X8, X8
	VMOVSS  X8, ret+16(FP)
	VZEROUPPER
	RET

DATA order<>+0(SB)/4, $0
DATA order<>+4(SB)/4, $4
DATA order<>+8(SB)/4, $1
DATA order<>+12(SB)/4, $5
DATA order<>+16(SB)/4, $2
DATA order<>+20(SB)/4, $6
DATA order<>+24(SB)/4, $3
DATA order<>+28(SB)/4, $7
GLOBL order<>(SB), RODATA|NOPTR, $32

// func roundAVX2(q *int8, x *float32, n int, inverse float32, bias *int32)
//
// It rounds x × inverse to integers, and writes −128 × the sum of each 16 of them to bias. n
// is a multiple of 32.
TEXT ·roundAVX2(SB), NOSPLIT, $0-40
	MOVQ         q+0(FP), DI
	MOVQ         x+8(FP), SI
	MOVQ         n+16(FP), CX
	VBROADCASTSS inverse+24(FP), Y15
	MOVQ         bias+32(FP), BX
	VMOVDQU      order<>(SB), Y14
	VPXOR        Y13, Y13, Y13

loop:
	VMULPS    (SI), Y15, Y0
	VMULPS    32(SI), Y15, Y1
	VMULPS    64(SI), Y15, Y2
	VMULPS    96(SI), Y15, Y3
	VCVTPS2DQ Y0, Y0
	VCVTPS2DQ Y1, Y1
	VCVTPS2DQ Y2, Y2
	VCVTPS2DQ Y3, Y3
	VPADDD    Y0, Y1, Y4 // the first 16
	VPADDD    Y2, Y3, Y5 // the second 16
	VPHADDD   Y5, Y4, Y4
	VPHADDD   Y4, Y4, Y4
	VEXTRACTI128 $1, Y4, X5
	VPADDD    X5, X4, X4
	VPSLLD    $7, X4, X4
	VPSUBD    X4, X13, X4
	VMOVQ     X4, (BX)
	VPACKSSDW Y1, Y0, Y0
	VPACKSSDW Y3, Y2, Y2
	VPACKSSWB Y2, Y0, Y0
	VPERMD    Y0, Y14, Y0
	VMOVDQU   Y0, (DI)
	ADDQ      $128, SI
	ADDQ      $32, DI
	ADDQ      $8, BX
	SUBQ      $32, CX
	JNZ       loop
	VZEROUPPER
	RET

// The constants of exp in math.go.
#define CONSTANT(n, bits) \
	DATA exp<>+(n*4)(SB)/4, $bits

CONSTANT(0, 0x42b00000)  // 88
CONSTANT(1, 0xc2aea8f6)  // −87.33
CONSTANT(2, 0x3fb8aa3b)  // 1 / ln 2
CONSTANT(3, 0x3f318000)  // 0.693359375
CONSTANT(4, 0xb95e8083)  // −2.12194440e-4
CONSTANT(5, 0x39500d01)  // 1 / 5040
CONSTANT(6, 0x3ab60b61)  // 1 / 720
CONSTANT(7, 0x3c088889)  // 1 / 120
CONSTANT(8, 0x3d2aaaab)  // 1 / 24
CONSTANT(9, 0x3e2aaaab)  // 1 / 6
CONSTANT(10, 0x3f000000) // 1 / 2
CONSTANT(11, 0x3f800000) // 1
CONSTANT(12, 127)
GLOBL exp<>(SB), RODATA|NOPTR, $52

// EXP8 computes exp of the values in Y0. It uses Y1 and Y2. Y15 has the exponent's bias, and
// Y11 has ones.
#define EXP8 \
	VBROADCASTSS exp<>+0(SB), Y2; \
	VMINPS       Y2, Y0, Y0; \
	VBROADCASTSS exp<>+4(SB), Y2; \
	VMAXPS       Y2, Y0, Y0; \
	VBROADCASTSS exp<>+8(SB), Y2; \
	VMULPS       Y2, Y0, Y1; \
	VROUNDPS     $0, Y1, Y1; \
	VBROADCASTSS exp<>+12(SB), Y2; \
	VFNMADD231PS Y2, Y1, Y0; \
	VBROADCASTSS exp<>+16(SB), Y2; \
	VFNMADD231PS Y2, Y1, Y0; \
	VCVTPS2DQ    Y1, Y1; \
	VPADDD       Y15, Y1, Y1; \
	VPSLLD       $23, Y1, Y1; \
	VBROADCASTSS exp<>+20(SB), Y2; \
	VBROADCASTSS exp<>+24(SB), Y3; \
	VFMADD213PS  Y3, Y0, Y2; \
	VBROADCASTSS exp<>+28(SB), Y3; \
	VFMADD213PS  Y3, Y0, Y2; \
	VBROADCASTSS exp<>+32(SB), Y3; \
	VFMADD213PS  Y3, Y0, Y2; \
	VBROADCASTSS exp<>+36(SB), Y3; \
	VFMADD213PS  Y3, Y0, Y2; \
	VBROADCASTSS exp<>+40(SB), Y3; \
	VFMADD213PS  Y3, Y0, Y2; \
	VFMADD213PS  Y11, Y0, Y2; \
	VFMADD213PS  Y11, Y0, Y2; \
	VMULPS       Y1, Y2, Y0

// func expAVX2(x *float32, n int, scale, minus float32) float32
//
// It replaces x by exp(x × scale − minus), and returns the sum. n is a multiple of 8.
TEXT ·expAVX2(SB), NOSPLIT, $0-28
	MOVQ         x+0(FP), SI
	MOVQ         n+8(FP), CX
	VBROADCASTSS scale+16(FP), Y14
	VBROADCASTSS minus+20(FP), Y13
	VBROADCASTSS exp<>+44(SB), Y11
	VPBROADCASTD exp<>+48(SB), Y15
	VXORPS       Y8, Y8, Y8

loop:
	VMOVUPS     (SI), Y0
	VMULPS      Y14, Y0, Y0
	VSUBPS      Y13, Y0, Y0
	EXP8
	VMOVUPS     Y0, (SI)
	VADDPS      Y0, Y8, Y8
	ADDQ        $32, SI
	SUBQ        $8, CX
	JNZ         loop
	SUM8(Y8, X8, X0)
	VMOVSS      X8, ret+24(FP)
	VZEROUPPER
	RET

// func swigluAVX2(dst, gate, up *float32, n int)
//
// It writes gate / (1 + exp(−gate)) × up. n is a multiple of 8.
TEXT ·swigluAVX2(SB), NOSPLIT, $0-32
	MOVQ         dst+0(FP), DI
	MOVQ         gate+8(FP), SI
	MOVQ         up+16(FP), R9
	MOVQ         n+24(FP), CX
	VBROADCASTSS exp<>+44(SB), Y11
	VPBROADCASTD exp<>+48(SB), Y15
	VXORPS       Y12, Y12, Y12

loop:
	VMOVUPS (SI), Y4
	VSUBPS  Y4, Y12, Y0
	EXP8
	VADDPS  Y11, Y0, Y0
	VDIVPS  Y0, Y4, Y0
	VMULPS  (R9), Y0, Y0
	VMOVUPS Y0, (DI)
	ADDQ    $32, SI
	ADDQ    $32, R9
	ADDQ    $32, DI
	SUBQ    $8, CX
	JNZ     loop
	VZEROUPPER
	RET
