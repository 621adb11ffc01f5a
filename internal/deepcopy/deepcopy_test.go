package deepcopy_test

import (
	"errors"
	"reflect"
	"testing"

	"github.com/parley-llm/parley/internal/deepcopy"
)

type node struct {
	Name  string
	Next  *node
	Any   any
	List  []node
	Table map[string][]byte
	Err   error
}

func TestCopyIsEqualAndSharesNothing(t *testing.T) {
	original := node{
		Name: "a", Next: &node{Name: "b"}, Any: node{List: []node{{Name: "c"}}},
		List: []node{{Name: "d"}}, Table: map[string][]byte{"e": {1}}, Err: errors.New("f"),
	}
	copied := deepcopy.Of(original)
	if !reflect.DeepEqual(copied, original) {
		t.Errorf("the copy is %+v, want %+v", copied, original)
	}
	copied.Next.Name, copied.Any.(node).List[0].Name, copied.List[0].Name, copied.Table["e"][0] = "x", "x", "x", 9
	if original.Next.Name != "b" || original.Any.(node).List[0].Name != "c" || original.List[0].Name != "d" || original.Table["e"][0] != 1 {
		t.Errorf("the original changed: %+v", original)
	}
	if copied.Err != original.Err {
		t.Error("the error is another one")
	}
}
