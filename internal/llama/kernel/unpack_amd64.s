#include "textflag.h"
#include "macros_amd64.h"

// Unpackers of K types: see formats.go for their meaning.

#define NIBBLES 0x0f0f0f0f
#define SIXBITS 0x3f3f3f3f

// SCATTER8 stores the eight floats of Y y, whose low half is X x, R10 bytes apart from R8 on.
// R11 is 3 × R10. It uses R14 and the register X tmp.
#define SCATTER8(y, x, to, tmp) \
	LEAQ         (to)(R10*4), R14; \
	VEXTRACTF128 $1, y, tmp; \
	VMOVSS       x, (to); \
	VEXTRACTPS   $1, x, (to)(R10*1); \
	VEXTRACTPS   $2, x, (to)(R10*2); \
	VEXTRACTPS   $3, x, (to)(R11*1); \
	VMOVSS       tmp, (R14); \
	VEXTRACTPS   $1, tmp, (R14)(R10*1); \
	VEXTRACTPS   $2, tmp, (R14)(R10*2); \
	VEXTRACTPS   $3, tmp, (R14)(R11*1)

// HEADK writes the scales and −minimums of the Q4_K or Q5_K block at SI.
#define HEADK \
	MOVL         4(SI), AX; \
	MOVL         12(SI), BX; \
	MOVL         AX, R12; \
	SHRL         $2, R12; \
	ANDL         $0x30303030, R12; \
	MOVL         BX, R13; \
	ANDL         $NIBBLES, R13; \
	ORL          R13, R12; \
	SHLQ         $32, R12; \
	ANDL         $SIXBITS, AX; \
	ORQ          AX, R12; \
	MOVL         8(SI), AX; \
	SHRL         $4, BX; \
	ANDL         $NIBBLES, BX; \
	MOVL         AX, R13; \
	SHRL         $2, R13; \
	ANDL         $0x30303030, R13; \
	ORL          BX, R13; \
	SHLQ         $32, R13; \
	ANDL         $SIXBITS, AX; \
	ORQ          AX, R13; \
	VMOVQ        R12, X6; \
	VMOVQ        R13, X7; \
	VPMOVZXBD    X6, Y6; \
	VPMOVZXBD    X7, Y7; \
	VCVTDQ2PS    Y6, Y6; \
	VCVTDQ2PS    Y7, Y7; \
	VPBROADCASTW (SI), X4; \
	VCVTPH2PS    X4, Y4; \
	VPBROADCASTW 2(SI), X5; \
	VCVTPH2PS    X5, Y5; \
	VXORPS       Y13, Y5, Y5; \
	VMULPS       Y4, Y6, Y6; \
	VMULPS       Y5, Y7, Y7; \
	SCATTER8(Y6, X6, R8, X4); \
	SCATTER8(Y7, X7, R9, X5); \
	LEAQ         (R8)(R10*8), R8; \
	LEAQ         (R9)(R10*8), R9

// UNPACK4 unpacks the nibbles of 32 bytes.
#define UNPACK4(w, to) \
	VMOVDQU w(SI), Y0; \
	VPSRLW  $4, Y0, Y1; \
	VPAND   Y15, Y0, Y0; \
	VPAND   Y15, Y1, Y1; \
	VMOVDQU Y0, to(DI); \
	VMOVDQU Y1, to+32(DI)

#define BEGIN \
	MOVQ         q+0(FP), DI; \
	MOVQ         scale+8(FP), R8; \
	MOVQ         min+16(FP), R9; \
	MOVQ         step+24(FP), R10; \
	SHLQ         $2, R10; \
	LEAQ         (R10)(R10*2), R11; \
	MOVQ         row+32(FP), SI; \
	MOVQ         blocks+40(FP), CX; \
	MOVL         $NIBBLES, AX; \
	VMOVD        AX, X15; \
	VPBROADCASTD X15, Y15; \
	MOVL         $0x80000000, AX; \
	VMOVD        AX, X13; \
	VPBROADCASTD X13, Y13

// UNPACK5 is UNPACK4 with the fifth bits, bits 0 and 1 of the bytes in Y11, which are moved on
// by two. Y14 masks bit 4.
#define UNPACK5(w, to) \
	VMOVDQU w(SI), Y0; \
	VPSRLW  $4, Y0, Y1; \
	VPAND   Y15, Y0, Y0; \
	VPAND   Y15, Y1, Y1; \
	VPSLLW  $4, Y11, Y2; \
	VPSLLW  $3, Y11, Y3; \
	VPSRLW  $2, Y11, Y11; \
	VPAND   Y14, Y2, Y2; \
	VPAND   Y14, Y3, Y3; \
	VPOR    Y2, Y0, Y0; \
	VPOR    Y3, Y1, Y1; \
	VMOVDQU Y0, to(DI); \
	VMOVDQU Y1, to+32(DI)

// STORE6 joins four low bits in q with two high bits in h, subtracts 32 and stores the result.
// Y14 masks bits 4 and 5, and Y12 has 32 in each byte.
#define STORE6(q, h, to) \
	VPAND   Y14, h, h; \
	VPOR    h, q, q; \
	VPSUBB  Y12, q, q; \
	VMOVDQU q, to(DI)

// HALF6 unpacks 128 values.
#define HALF6(low, high, to) \
	VMOVDQU low(SI), Y0; \
	VMOVDQU low+32(SI), Y1; \
	VMOVDQU high(SI), Y11; \
	VPSRLW  $4, Y0, Y2; \
	VPSRLW  $4, Y1, Y3; \
	VPAND   Y15, Y0, Y0; \
	VPAND   Y15, Y1, Y1; \
	VPAND   Y15, Y2, Y2; \
	VPAND   Y15, Y3, Y3; \
	VPSLLW  $4, Y11, Y4; \
	STORE6(Y0, Y4, to); \
	VPSLLW  $2, Y11, Y4; \
	STORE6(Y1, Y4, to+32); \
	VMOVDQU Y11, Y4; \
	STORE6(Y2, Y4, to+64); \
	VPSRLW  $2, Y11, Y4; \
	STORE6(Y3, Y4, to+96)

// SCALES6 writes eight scales.
#define SCALES6(w) \
	VPMOVSXBD w(SI), Y6; \
	VCVTDQ2PS Y6, Y6; \
	VMULPS    Y5, Y6, Y6; \
	SCATTER8(Y6, X6, R8, X4); \
	LEAQ      (R8)(R10*8), R8

// HALFTO writes the half-precision number at w to the address in to, and moves it on.
#define HALFTO(w, to) \
	VPBROADCASTW w(SI), X4; \
	VCVTPH2PS    X4, X4; \
	VMOVSS       X4, (to); \
	ADDQ         R10, to

#define NEXT32(bytes) \
	VMOVDQU Y0, (DI); \
	ADDQ    $bytes, SI; \
	ADDQ    $32, DI; \
	DECQ    CX; \
	JNZ     block; \
	VZEROUPPER; \
	RET

DATA ·bytes+0(SB)/8, $0x0000000000000000
DATA ·bytes+8(SB)/8, $0x0101010101010101
DATA ·bytes+16(SB)/8, $0x0202020202020202
DATA ·bytes+24(SB)/8, $0x0303030303030303
GLOBL ·bytes(SB), RODATA|NOPTR, $32

DATA ·bit+0(SB)/8, $0x8040201008040201
GLOBL ·bit(SB), RODATA|NOPTR, $8

// func unpackQ8AVX2(q *byte, scale, min *float32, step int, row *byte, blocks int)
TEXT ·unpackQ8AVX2(SB), NOSPLIT, $0-48
	BEGIN

block:
	HALFTO(0, R8)
	VMOVDQU 2(SI), Y0
	NEXT32(34)

// func unpackQ4_0AVX2(q *byte, scale, min *float32, step int, row *byte, blocks int)
TEXT ·unpackQ4_0AVX2(SB), NOSPLIT, $0-48
	BEGIN
	MOVL         $0x08080808, AX
	VMOVD        AX, X12
	VPBROADCASTD X12, Y12

block:
	HALFTO(0, R8)
	NIBBLES32(2)
	VPSUBB Y12, Y0, Y0
	NEXT32(18)

// func unpackQ4_1AVX2(q *byte, scale, min *float32, step int, row *byte, blocks int)
TEXT ·unpackQ4_1AVX2(SB), NOSPLIT, $0-48
	BEGIN

block:
	HALFTO(0, R8)
	HALFTO(2, R9)
	NIBBLES32(4)
	NEXT32(20)

// func unpackQ5_0AVX2(q *byte, scale, min *float32, step int, row *byte, blocks int)
TEXT ·unpackQ5_0AVX2(SB), NOSPLIT, $0-48
	BEGIN
	BITS32CONSTANTS

block:
	HALFTO(0, R8)
	NIBBLES32(6)
	BITS32(2)
	VPSUBB Y14, Y0, Y0
	NEXT32(22)

// func unpackQ5_1AVX2(q *byte, scale, min *float32, step int, row *byte, blocks int)
TEXT ·unpackQ5_1AVX2(SB), NOSPLIT, $0-48
	BEGIN
	BITS32CONSTANTS

block:
	HALFTO(0, R8)
	HALFTO(2, R9)
	NIBBLES32(8)
	BITS32(4)
	NEXT32(24)

// func unpackQ4KAVX2(q *byte, scale, min *float32, step int, row *byte, blocks int)
TEXT ·unpackQ4KAVX2(SB), NOSPLIT, $0-48
	BEGIN

block:
	HEADK
	UNPACK4(16, 0)
	UNPACK4(48, 64)
	UNPACK4(80, 128)
	UNPACK4(112, 192)
	ADDQ $144, SI
	ADDQ $256, DI
	DECQ CX
	JNZ  block
	VZEROUPPER
	RET

// func unpackQ5KAVX2(q *byte, scale, min *float32, step int, row *byte, blocks int)
TEXT ·unpackQ5KAVX2(SB), NOSPLIT, $0-48
	BEGIN
	MOVL         $0x10101010, AX
	VMOVD        AX, X14
	VPBROADCASTD X14, Y14

block:
	HEADK
	VMOVDQU 16(SI), Y11
	UNPACK5(48, 0)
	UNPACK5(80, 64)
	UNPACK5(112, 128)
	UNPACK5(144, 192)
	ADDQ    $176, SI
	ADDQ    $256, DI
	DECQ    CX
	JNZ     block
	VZEROUPPER
	RET

// func unpackQ6KAVX2(q *byte, scale, min *float32, step int, row *byte, blocks int)
TEXT ·unpackQ6KAVX2(SB), NOSPLIT, $0-48
	BEGIN
	MOVL         $0x30303030, AX
	VMOVD        AX, X14
	VPBROADCASTD X14, Y14
	MOVL         $0x20202020, AX
	VMOVD        AX, X12
	VPBROADCASTD X12, Y12

block:
	VPBROADCASTW 208(SI), X5
	VCVTPH2PS    X5, Y5
	SCALES6(192)
	SCALES6(200)
	HALF6(0, 128, 0)
	HALF6(64, 160, 128)
	ADDQ         $210, SI
	ADDQ         $256, DI
	DECQ         CX
	JNZ          block
	VZEROUPPER
	RET
