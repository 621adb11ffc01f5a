// Package llamaoracle compares the in-process LLaMA engine with a live libllama, the library
// of llama.cpp, from the npm package node-llama-cpp.
//
// It needs Node.js, npm and an amd64 Linux machine. PARLEY_ORACLE=full compares more tokens:
//
//	PARLEY_ORACLE=full go test -count=1 -timeout=1h -v ./llamaoracle
//
// PARLEY_SPEED=1 measures both engines as well:
//
//	PARLEY_SPEED=1 go test -count=1 -timeout=1h -run Speed -v ./llamaoracle
package llamaoracle
