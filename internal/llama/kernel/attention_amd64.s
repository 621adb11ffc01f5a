#include "textflag.h"
#include "macros_amd64.h"

// VALUES8 adds eight values × the weight in Y15 to acc.
#define VALUES8(from, acc) \
	VCVTPH2PS   from, Y0; \
	VFMADD231PS Y0, Y15, acc

// ROUND8 rounds eight values to half precision.
#define ROUND8(acc, tmp) \
	VCVTPS2PH $0, acc, tmp; \
	VCVTPH2PS tmp, acc

// WEIGHTED adds the weighted sum of n vectors to dst. It treats 64 values of a vector at a
// time, then 8.
#define WEIGHTED(round64, round8) \
	MOVQ dst+0(FP), DI; \
	MOVQ values+16(FP), SI; \
	MOVQ width+32(FP), DX; \
	MOVQ DX, BX; \
	SHLQ $1, BX; \
wide: \
	CMPQ    DX, $64; \
	JLT     narrow; \
	VMOVUPS (DI), Y1; \
	VMOVUPS 32(DI), Y2; \
	VMOVUPS 64(DI), Y3; \
	VMOVUPS 96(DI), Y4; \
	VMOVUPS 128(DI), Y5; \
	VMOVUPS 160(DI), Y6; \
	VMOVUPS 192(DI), Y7; \
	VMOVUPS 224(DI), Y8; \
	MOVQ    weights+8(FP), R9; \
	MOVQ    n+24(FP), CX; \
	MOVQ    SI, R8; \
wideloop: \
	VBROADCASTSS (R9), Y15; \
	VALUES8((R8), Y1); \
	VALUES8(16(R8), Y2); \
	VALUES8(32(R8), Y3); \
	VALUES8(48(R8), Y4); \
	VALUES8(64(R8), Y5); \
	VALUES8(80(R8), Y6); \
	VALUES8(96(R8), Y7); \
	VALUES8(112(R8), Y8); \
	round64; \
	ADDQ    $4, R9; \
	ADDQ    BX, R8; \
	DECQ    CX; \
	JNZ     wideloop; \
	VMOVUPS Y1, (DI); \
	VMOVUPS Y2, 32(DI); \
	VMOVUPS Y3, 64(DI); \
	VMOVUPS Y4, 96(DI); \
	VMOVUPS Y5, 128(DI); \
	VMOVUPS Y6, 160(DI); \
	VMOVUPS Y7, 192(DI); \
	VMOVUPS Y8, 224(DI); \
	ADDQ    $256, DI; \
	ADDQ    $128, SI; \
	SUBQ    $64, DX; \
	JMP     wide; \
narrow: \
	CMPQ    DX, $8; \
	JLT     done; \
	VMOVUPS (DI), Y1; \
	MOVQ    weights+8(FP), R9; \
	MOVQ    n+24(FP), CX; \
	MOVQ    SI, R8; \
narrowloop: \
	VBROADCASTSS (R9), Y15; \
	VALUES8((R8), Y1); \
	round8; \
	ADDQ    $4, R9; \
	ADDQ    BX, R8; \
	DECQ    CX; \
	JNZ     narrowloop; \
	VMOVUPS Y1, (DI); \
	ADDQ    $32, DI; \
	ADDQ    $16, SI; \
	SUBQ    $8, DX; \
	JMP     narrow; \
done: \
	VZEROUPPER; \
	RET

#define ROUND64 \
	ROUND8(Y1, X9); \
	ROUND8(Y2, X10); \
	ROUND8(Y3, X11); \
	ROUND8(Y4, X12); \
	ROUND8(Y5, X9); \
	ROUND8(Y6, X10); \
	ROUND8(Y7, X11); \
	ROUND8(Y8, X12)

#define NOTHING XORL AX, AX

// func scoresASM(dst, query *float32, keys *uint16, n, width int)
TEXT ·scoresASM(SB), NOSPLIT, $0-40
	MOVQ dst+0(FP), DI
	MOVQ keys+16(FP), SI
	MOVQ n+24(FP), DX

key:
	MOVQ   query+8(FP), R9
	MOVQ   width+32(FP), CX
	VXORPS Y8, Y8, Y8
	VXORPS Y9, Y9, Y9
	SUBQ   $16, CX
	JLT    last

pair:
	VCVTPH2PS   (SI), Y0
	VCVTPH2PS   16(SI), Y1
	VFMADD231PS (R9), Y0, Y8
	VFMADD231PS 32(R9), Y1, Y9
	ADDQ        $32, SI
	ADDQ        $64, R9
	SUBQ        $16, CX
	JGE         pair

last:
	ADDQ        $8, CX
	JLT         done
	VCVTPH2PS   (SI), Y0
	VFMADD231PS (R9), Y0, Y8
	ADDQ        $16, SI

done:
	VADDPS Y9, Y8, Y8
	SUM8(Y8, X8, X0)
	VMOVSS X8, (DI)
	ADDQ   $4, DI
	DECQ   DX
	JNZ    key
	VZEROUPPER
	RET

// func weightedASM(dst, weights *float32, values *uint16, n, width int)
TEXT ·weightedASM(SB), NOSPLIT, $0-40
	WEIGHTED(NOTHING, NOTHING)

// func weightedHalfASM(dst, weights *float32, values *uint16, n, width int)
TEXT ·weightedHalfASM(SB), NOSPLIT, $0-40
	WEIGHTED(ROUND64, ROUND8(Y1, X9))

// func toHalfASM(dst *uint16, src *float32, n int)
TEXT ·toHalfASM(SB), NOSPLIT, $0-24
	MOVQ dst+0(FP), DI
	MOVQ src+8(FP), SI
	MOVQ n+16(FP), CX

loop:
	VMOVUPS   (SI), Y0
	VCVTPS2PH $0, Y0, (DI)
	ADDQ      $32, SI
	ADDQ      $16, DI
	SUBQ      $8, CX
	JNZ       loop
	VZEROUPPER
	RET

// func roundHalfASM(dst, src *float32, n int)
TEXT ·roundHalfASM(SB), NOSPLIT, $0-24
	MOVQ dst+0(FP), DI
	MOVQ src+8(FP), SI
	MOVQ n+16(FP), CX

loop:
	VMOVUPS (SI), Y0
	ROUND8(Y0, X1)
	VMOVUPS Y0, (DI)
	ADDQ    $32, SI
	ADDQ    $32, DI
	SUBQ    $8, CX
	JNZ     loop
	VZEROUPPER
	RET
