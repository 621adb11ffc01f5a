package config

import (
	"context"
	"errors"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/parley-llm/parley/llm"
)

// keySource is the source of a credential: the text itself, or one of
//
//	{env: NAME}    an environment variable
//	{file: PATH}   the content of a file
//	{command: [program, argument]}   the output of a program; with "expires", run again after that time
//
// Security: it prints no secret, because a text in the file is an [llm.Secret].
type keySource struct {
	place
	literal llm.Secret
	from    keyOrigin
}

type keyOrigin struct {
	Env     *text         `yaml:"env"`
	File    *text         `yaml:"file"`
	Command []text        `yaml:"command"`
	Expires time.Duration `yaml:"expires"`
}

func (k *keySource) decode(d *decoder, n *yaml.Node) {
	k.place = placeOf(n)
	if n.Kind == yaml.ScalarNode {
		if n.ShortTag() != "!!str" { // the message does not show it: it can be a key
			d.add(k.place, "a key is text; put it in quotes")
			return
		}
		var t text
		t.decode(d, n)
		if name, ok := unresolved(t.value); ok {
			d.add(k.place, "variables in a text are not replaced; for the environment variable %s, write {env: %s}", name, name)
		}
		k.literal = llm.Secret(t.value)
		return
	}
	d.value(n, reflect.ValueOf(&k.from).Elem())
	given := 0
	for _, is := range []bool{k.from.Env != nil, k.from.File != nil, k.from.Command != nil} {
		if is {
			given++
		}
	}
	switch {
	case n.Kind != yaml.MappingNode:
	case given != 1:
		d.add(k.place, "invalid key; use a text, {env: NAME}, {file: PATH} or {command: [program, argument]}")
	case k.from.Command != nil && len(k.from.Command) == 0:
		d.add(k.place, "the command is empty; use [program, argument]")
	case k.from.Env != nil:
		k.from.checkName(d)
	}
	if given == 1 && (k.from.Expires < 0 || k.from.Expires > 0 && k.from.Command == nil) {
		d.add(k.place, "expires must be positive and belongs to a command; remove it here")
	}
}

// checkName reports a text that cannot be the name of an environment variable.
//
// Security: the message does not show the text, because it can be the key itself.
func (o *keyOrigin) checkName(d *decoder) {
	env := o.Env
	if name, ok := variable(env.value); ok {
		d.add(env.place, "env has more than the name of a variable; write {env: %s}", name)
	} else if _, ok := variable("$" + env.value); !ok && env.value != "" {
		d.add(env.place, "this cannot be the name of an environment variable; write for example {env: OPENAI_API_KEY}")
	}
}

// unresolved returns the environment variable that a text in place of a key probably means:
// $NAME and ${NAME}, and the forms of other programs, OPENAI_API_KEY and env:OPENAI_API_KEY.
func unresolved(text string) (name string, ok bool) {
	if name, ok = variable(text); ok {
		return name, true
	}
	name, prefixed := strings.CutPrefix(text, "env:")
	if !prefixed && !strings.HasSuffix(name, "_KEY") && !strings.HasSuffix(name, "_TOKEN") || name != strings.ToUpper(name) {
		return "", false
	}
	return variable("$" + name)
}

// variable returns the name in $NAME or ${NAME}.
func variable(text string) (name string, ok bool) {
	name, ok = strings.CutPrefix(text, "$")
	if !ok {
		return "", false
	}
	if inner, braced := strings.CutPrefix(name, "{"); braced {
		if name, ok = strings.CutSuffix(inner, "}"); !ok {
			return "", false
		}
	}
	for i, r := range name {
		if r != '_' && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && (i == 0 || r < '0' || r > '9') {
			return "", false
		}
	}
	return name, name != ""
}

// keyLimit is the size of the largest key, in bytes. A larger file is something else.
const keyLimit = 64 << 10

// commandTime is the time limit of a command that prints a key.
const commandTime = 30 * time.Second

// missing describes an environment variable that is not set, or returns "".
//
// Security: the name of few variables has lower-case letters, and most keys have some, so the
// text does not show such a name.
func (k *keySource) missing(r *reading) string {
	switch name := k.from.Env; {
	case name == nil || r.getenv(name.value) != "":
		return ""
	case name.value == strings.ToUpper(name.value):
		return "the environment variable " + name.value + " is not set; set it, or name another"
	}
	return "the environment variable with this name is not set; set it, or name another"
}

// resolve returns the key, or its source if it expires. It adds a problem if there is none.
//
// Security: no problem shows a key.
func (k *keySource) resolve(r *reading) (llm.Secret, func(context.Context) (string, error)) {
	switch {
	case k.from.Env != nil:
		if problem := k.missing(r); problem != "" {
			r.add(k.from.Env.place, "%s", problem)
		}
		return llm.Secret(r.getenv(k.from.Env.value)), nil
	case k.from.File != nil:
		key, err := readKey(r.ctx, r.beside(k.from.File.value))
		if err != nil {
			r.add(k.from.File.place, "cannot read the key: %v", withoutPath(err))
		}
		r.watch(k.from.File.value)
		return key, nil
	case k.from.Command != nil:
		c := &keyCommand{dir: r.dir, expires: k.from.Expires}
		for _, arg := range k.from.Command {
			c.args = append(c.args, arg.value)
		}
		if c.expires > 0 {
			return "", c.token
		}
		key, err := c.run(r.ctx)
		if err != nil {
			r.add(k.from.Command[0].place, "%v", err)
		}
		return llm.Secret(key), nil
	}
	return k.literal, nil
}

func readKey(ctx context.Context, path string) (llm.Secret, error) {
	data, err := readFile(ctx, path, keyLimit, false)
	key := strings.TrimSpace(string(data))
	switch {
	case errors.Is(err, errTooLarge):
		return "", errors.New("the file is too large for a key")
	case err != nil:
		return "", err
	case key == "":
		return "", errors.New("the file is empty")
	}
	return llm.Secret(key), nil
}

// keyCommand is a program that prints a key. It runs without a shell.
type keyCommand struct {
	args    []string
	dir     string
	expires time.Duration

	lock  sync.Mutex
	key   string
	until time.Time
}

// token is the token source of the settings. It returns the key, and runs the command again if the last
// one has expired.
func (c *keyCommand) token(ctx context.Context) (string, error) {
	c.lock.Lock()
	defer c.lock.Unlock()
	if c.key != "" && time.Now().Before(c.until) {
		return c.key, nil
	}
	key, err := c.run(ctx)
	if err != nil {
		return "", err
	}
	c.key, c.until = key, time.Now().Add(c.expires)
	return key, nil
}

func (c *keyCommand) run(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, commandTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, c.args[0], c.args[1:]...)
	cmd.Dir, cmd.WaitDelay = c.dir, time.Second
	out, err := cmd.Output()
	key := strings.TrimSpace(string(out))
	program := "the command"
	if _, err := exec.LookPath(cmd.Path); err == nil && cmd.Err == nil || cmd.Process != nil { // otherwise it can be a misplaced key
		program += " " + filepath.Base(c.args[0])
	}
	switch {
	case ctx.Err() != nil:
		return "", errors.New(program + " did not end in time")
	case err != nil: // the output is not shown: it can contain a key
		if exit, ok := errors.AsType[*exec.ExitError](err); ok {
			return "", errors.New(program + " failed: " + exit.ProcessState.String())
		}
		return "", errors.New(program + " cannot run: " + withoutPath(err).Error())
	case key == "" || len(key) > keyLimit:
		return "", errors.New(program + " printed no key")
	}
	return key, nil
}
