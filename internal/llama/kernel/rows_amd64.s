#include "textflag.h"
#include "macros_amd64.h"

// Products of rows, as they are stored, with one vector of activations. The rows are walked
// as one stream of bytes, because the processor fetches long streams from memory fastest.

#define NIBBLES 0x0f0f0f0f
#define SIXBITS 0x3f3f3f3f

// distance is how far ahead, in bytes, memory is fetched.
#define DISTANCE 4096

// BLOCK8 multiplies a block of Q8_0 at offset w of SI with the activations at x.
#define BLOCK8(w, x, xscale, acc) \
	VMOVDQU      w+2(SI), Y0; \
	VPABSB       Y0, Y1; \
	VMOVDQU      x, Y2; \
	PRODUCT(Y0, Y1, Y2, Y3); \
	VPBROADCASTW w(SI), X4; \
	VCVTPH2PS    X4, Y4; \
	VBROADCASTSS xscale, Y5; \
	VMULPS       Y4, Y5, Y5; \
	VFMADD231PS  Y3, Y5, acc

// HEADK unpacks the eight scales of the Q4_K or Q5_K block at R14 into the bytes of R12, and
// the minimums into those of R13.
#define HEADK \
	MOVL 4(R14), AX; \
	MOVL 12(R14), BX; \
	MOVL AX, R12; \
	SHRL $2, R12; \
	ANDL $0x30303030, R12; \
	MOVL BX, R13; \
	ANDL $NIBBLES, R13; \
	ORL  R13, R12; \
	SHLQ $32, R12; \
	ANDL $SIXBITS, AX; \
	ORQ  AX, R12; \
	MOVL 8(R14), AX; \
	SHRL $4, BX; \
	ANDL $NIBBLES, BX; \
	MOVL AX, R13; \
	SHRL $2, R13; \
	ANDL $0x30303030, R13; \
	ORL  BX, R13; \
	SHLQ $32, R13; \
	ANDL $SIXBITS, AX; \
	ORQ  AX, R13

// SCALESK takes the scales and minimums of a block from R12 and R13, and unpacks those of the
// next one, because waiting for them would hold up the vector instructions. The last block,
// at R8, is unpacked twice. SCALESK leaves the scales as bytes in each quarter of Y6, and adds
// −dmin × minimums × sums to Y9.
#define SCALESK(bytes) \
	VMOVQ        R12, X6; \
	VMOVQ        R13, X7; \
	LEAQ         bytes(SI), R14; \
	CMPQ         SI, R8; \
	CMOVQEQ      SI, R14; \
	HEADK; \
	VPBROADCASTQ X6, Y6; \
	VPMOVZXBD    X7, Y7; \
	VCVTDQ2PS    Y7, Y7; \
	VPBROADCASTW 2(SI), X4; \
	VCVTPH2PS    X4, Y4; \
	VMULPS       (R11), Y4, Y4; \
	VFNMADD231PS Y7, Y4, Y9

// FIRSTK sets R8 to the last block and unpacks the head of the first one.
#define FIRSTK(bytes) \
	MOVQ  rows+16(FP), R8; \
	IMULQ blocks+24(FP), R8; \
	DECQ  R8; \
	IMULQ $bytes, R8; \
	ADDQ  SI, R8; \
	MOVQ  SI, R14; \
	HEADK

// SUBBLOCK multiplies 32 unsigned bytes in q with the activations at x and scale number n,
// and adds the products to Y10.
#define SUBBLOCK(q, x, n) \
	VPMADDUBSW x, q, q; \
	VPSHUFB    words<>+((n)*32)(SB), Y6, Y3; \
	VPMADDWD   Y3, q, q; \
	VPADDD     q, Y10, Y10

// FINISHK multiplies the sums in Y10 with the scales of the block and of the activations, and
// adds them to Y8. half is the block's scale.
#define FINISHK(half) \
	VCVTDQ2PS    Y10, Y10; \
	VPBROADCASTW half, X4; \
	VCVTPH2PS    X4, Y4; \
	VBROADCASTSS (R10), Y5; \
	VMULPS       Y4, Y5, Y5; \
	VFMADD231PS  Y10, Y5, Y8

// CHUNK4 multiplies 64 values of a Q4_K block, the nibbles of 32 bytes.
#define CHUNK4(w, x, n) \
	VMOVDQU w(SI), Y0; \
	VPSRLW  $4, Y0, Y1; \
	VPAND   Y15, Y0, Y0; \
	VPAND   Y15, Y1, Y1; \
	SUBBLOCK(Y0, x(R9), n); \
	SUBBLOCK(Y1, x+32(R9), n+1)

// ROWK and ENDK surround the loop over the blocks of a K type.
#define ROWK \
	MOVQ   blocks+24(FP), CX; \
	MOVQ   x+32(FP), R9; \
	MOVQ   xscale+40(FP), R10; \
	MOVQ   xsum+48(FP), R11; \
	VXORPS Y8, Y8, Y8; \
	VXORPS Y9, Y9, Y9

#define ENDROW \
	VADDPS Y9, Y8, Y8; \
	SUM8(Y8, X8, X0); \
	VMOVSS X8, (DI); \
	ADDQ   $4, DI

#define NEXTK(bytes) \
	ADDQ $bytes, SI; \
	ADDQ $256, R9; \
	ADDQ $32, R10; \
	ADDQ $32, R11

// CHUNK5 is CHUNK4 for Q5_K. The fifth bits are bits 0 and 1 of the bytes in Y11, which are
// moved on by two.
#define CHUNK5(w, x, n) \
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
	SUBBLOCK(Y0, x(R9), n); \
	SUBBLOCK(Y1, x+32(R9), n+1)

// SUBBLOCK6 multiplies 32 unsigned bytes in q with the activations at x and the scales 2n and
// 2n + 1 of the half block, and adds the products to Y10.
#define SUBBLOCK6(q, x, n) \
	VPMADDUBSW x, q, q; \
	VPSHUFB    pairs<>+((n)*32)(SB), Y6, Y4; \
	VPMADDWD   Y4, q, q; \
	VPADDD     q, Y10, Y10

// HALF6 multiplies 128 values of a Q6_K block: 64 bytes with four low bits at low, and 32 with
// two high bits at high. Y14 masks bits 4 and 5.
#define HALF6(low, high, x) \
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
	VPAND   Y14, Y4, Y4; \
	VPOR    Y4, Y0, Y0; \
	VPSLLW  $2, Y11, Y4; \
	VPAND   Y14, Y4, Y4; \
	VPOR    Y4, Y1, Y1; \
	VPAND   Y14, Y11, Y4; \
	VPOR    Y4, Y2, Y2; \
	VPSRLW  $2, Y11, Y4; \
	VPAND   Y14, Y4, Y4; \
	VPOR    Y4, Y3, Y3; \
	SUBBLOCK6(Y0, x(R9), 0); \
	SUBBLOCK6(Y1, x+32(R9), 1); \
	SUBBLOCK6(Y2, x+64(R9), 2); \
	SUBBLOCK6(Y3, x+96(R9), 3)

// BIAS6 adds the scales at w × the biases at b / 4 to Y10: −32 × the sums of activations.
#define BIAS6(w, b) \
	VPMOVSXBD w(SI), Y4; \
	VPMULLD   b(R11), Y4, Y4; \
	VPSRAD    $2, Y4, Y4; \
	VPADDD    Y4, Y10, Y10

// func rowsQ8AVX2(dst *float32, w *byte, rows, blocks int, x *int8, xscale *float32)
TEXT ·rowsQ8AVX2(SB), NOSPLIT, $0-48
	MOVQ   dst+0(FP), DI
	MOVQ   w+8(FP), SI
	MOVQ   rows+16(FP), DX
	ONES16(Y15)

row:
	MOVQ   blocks+24(FP), CX
	MOVQ   x+32(FP), R9
	MOVQ   xscale+40(FP), R10
	VXORPS Y8, Y8, Y8
	VXORPS Y9, Y9, Y9
	SUBQ   $2, CX
	JLT    last

pair:
	PREFETCHT0 DISTANCE(SI)
	BLOCK8(0, (R9), (R10), Y8)
	BLOCK8(34, 32(R9), 4(R10), Y9)
	ADDQ       $68, SI
	ADDQ       $64, R9
	ADDQ       $8, R10
	SUBQ       $2, CX
	JGE        pair

last:
	ADDQ   $1, CX
	JLT    done
	BLOCK8(0, (R9), (R10), Y8)
	ADDQ   $34, SI

done:
	VADDPS Y9, Y8, Y8
	SUM8(Y8, X8, X0)
	VMOVSS X8, (DI)
	ADDQ   $4, DI
	DECQ   DX
	JNZ    row
	VZEROUPPER
	RET

// word0 … word7 select a byte of eight, as a 16-bit lane.
DATA words<>+0(SB)/8, $0x8000800080008000
DATA words<>+8(SB)/8, $0x8000800080008000
DATA words<>+16(SB)/8, $0x8000800080008000
DATA words<>+24(SB)/8, $0x8000800080008000
DATA words<>+32(SB)/8, $0x8001800180018001
DATA words<>+40(SB)/8, $0x8001800180018001
DATA words<>+48(SB)/8, $0x8001800180018001
DATA words<>+56(SB)/8, $0x8001800180018001
DATA words<>+64(SB)/8, $0x8002800280028002
DATA words<>+72(SB)/8, $0x8002800280028002
DATA words<>+80(SB)/8, $0x8002800280028002
DATA words<>+88(SB)/8, $0x8002800280028002
DATA words<>+96(SB)/8, $0x8003800380038003
DATA words<>+104(SB)/8, $0x8003800380038003
DATA words<>+112(SB)/8, $0x8003800380038003
DATA words<>+120(SB)/8, $0x8003800380038003
DATA words<>+128(SB)/8, $0x8004800480048004
DATA words<>+136(SB)/8, $0x8004800480048004
DATA words<>+144(SB)/8, $0x8004800480048004
DATA words<>+152(SB)/8, $0x8004800480048004
DATA words<>+160(SB)/8, $0x8005800580058005
DATA words<>+168(SB)/8, $0x8005800580058005
DATA words<>+176(SB)/8, $0x8005800580058005
DATA words<>+184(SB)/8, $0x8005800580058005
DATA words<>+192(SB)/8, $0x8006800680068006
DATA words<>+200(SB)/8, $0x8006800680068006
DATA words<>+208(SB)/8, $0x8006800680068006
DATA words<>+216(SB)/8, $0x8006800680068006
DATA words<>+224(SB)/8, $0x8007800780078007
DATA words<>+232(SB)/8, $0x8007800780078007
DATA words<>+240(SB)/8, $0x8007800780078007
DATA words<>+248(SB)/8, $0x8007800780078007
GLOBL words<>(SB), RODATA|NOPTR, $256

// func rowsQ4KAVX2(dst *float32, w *byte, rows, blocks int, x *int8, xscale, xsum *float32)
TEXT ·rowsQ4KAVX2(SB), NOSPLIT, $0-56
	MOVQ         dst+0(FP), DI
	MOVQ         w+8(FP), SI
	MOVQ         rows+16(FP), DX
	MOVL         $NIBBLES, AX
	VMOVD        AX, X15
	VPBROADCASTD X15, Y15
	FIRSTK(144)

row:
	ROWK

block:
	PREFETCHT0 DISTANCE(SI)
	PREFETCHT0 DISTANCE+64(SI)
	SCALESK(144)
	VPXOR      Y10, Y10, Y10
	CHUNK4(16, 0, 0)
	CHUNK4(48, 64, 2)
	CHUNK4(80, 128, 4)
	CHUNK4(112, 192, 6)
	FINISHK((SI))
	NEXTK(144)
	DECQ       CX
	JNZ        block
	ENDROW
	DECQ       DX
	JNZ        row
	VZEROUPPER
	RET

// func rowsQ5KAVX2(dst *float32, w *byte, rows, blocks int, x *int8, xscale, xsum *float32)
TEXT ·rowsQ5KAVX2(SB), NOSPLIT, $0-56
	MOVQ         dst+0(FP), DI
	MOVQ         w+8(FP), SI
	MOVQ         rows+16(FP), DX
	MOVL         $NIBBLES, AX
	VMOVD        AX, X15
	VPBROADCASTD X15, Y15
	MOVL         $0x10101010, AX
	VMOVD        AX, X14
	VPBROADCASTD X14, Y14
	FIRSTK(176)

row:
	ROWK

block:
	PREFETCHT0 DISTANCE(SI)
	PREFETCHT0 DISTANCE+64(SI)
	PREFETCHT0 DISTANCE+128(SI)
	SCALESK(176)
	VMOVDQU    16(SI), Y11
	VPXOR      Y10, Y10, Y10
	CHUNK5(48, 0, 0)
	CHUNK5(80, 64, 2)
	CHUNK5(112, 128, 4)
	CHUNK5(144, 192, 6)
	FINISHK((SI))
	NEXTK(176)
	DECQ       CX
	JNZ        block
	ENDROW
	DECQ       DX
	JNZ        row
	VZEROUPPER
	RET

// pairs<> selects 16-bit lanes 2n (for the low half) and 2n + 1 (for the high half).
DATA pairs<>+0(SB)/8, $0x0100010001000100
DATA pairs<>+8(SB)/8, $0x0100010001000100
DATA pairs<>+16(SB)/8, $0x0302030203020302
DATA pairs<>+24(SB)/8, $0x0302030203020302
DATA pairs<>+32(SB)/8, $0x0504050405040504
DATA pairs<>+40(SB)/8, $0x0504050405040504
DATA pairs<>+48(SB)/8, $0x0706070607060706
DATA pairs<>+56(SB)/8, $0x0706070607060706
DATA pairs<>+64(SB)/8, $0x0908090809080908
DATA pairs<>+72(SB)/8, $0x0908090809080908
DATA pairs<>+80(SB)/8, $0x0b0a0b0a0b0a0b0a
DATA pairs<>+88(SB)/8, $0x0b0a0b0a0b0a0b0a
DATA pairs<>+96(SB)/8, $0x0d0c0d0c0d0c0d0c
DATA pairs<>+104(SB)/8, $0x0d0c0d0c0d0c0d0c
DATA pairs<>+112(SB)/8, $0x0f0e0f0e0f0e0f0e
DATA pairs<>+120(SB)/8, $0x0f0e0f0e0f0e0f0e
GLOBL pairs<>(SB), RODATA|NOPTR, $128

// func rowsQ6KAVX2(dst *float32, w *byte, rows, blocks int, x *int8, xscale *float32, bias *int32)
TEXT ·rowsQ6KAVX2(SB), NOSPLIT, $0-56
	MOVQ         dst+0(FP), DI
	MOVQ         w+8(FP), SI
	MOVQ         rows+16(FP), DX
	MOVL         $NIBBLES, AX
	VMOVD        AX, X15
	VPBROADCASTD X15, Y15
	MOVL         $0x30303030, AX
	VMOVD        AX, X14
	VPBROADCASTD X14, Y14

row:
	MOVQ   blocks+24(FP), CX
	MOVQ   x+32(FP), R9
	MOVQ   xscale+40(FP), R10
	MOVQ   bias+48(FP), R11
	VXORPS Y8, Y8, Y8
	VXORPS Y9, Y9, Y9

block:
	PREFETCHT0 DISTANCE(SI)
	PREFETCHT0 DISTANCE+64(SI)
	PREFETCHT0 DISTANCE+128(SI)
	VPXOR      Y10, Y10, Y10
	VPMOVSXBW  192(SI), Y7
	VPERMQ     $0x44, Y7, Y6
	HALF6(0, 128, 0)
	VPERMQ     $0xee, Y7, Y6
	HALF6(64, 160, 128)
	BIAS6(192, 0)
	BIAS6(200, 32)
	FINISHK(208(SI))
	NEXTK(210)
	ADDQ       $32, R11
	DECQ       CX
	JNZ        block
	ENDROW
	DECQ       DX
	JNZ        row
	VZEROUPPER
	RET
