package providers

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/parley-llm/parley/llm"
)

// keySource says where a credential comes from: the text itself, or one of
//
//	{env: NAME}    an environment variable
//	{file: PATH}   a file's content
//	{command: [program, argument]}   what a program prints; with "expires", again and again
//
// It prints no secret: what is written in the file is a [llm.Secret].
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
		if n.ShortTag() != "!!str" { // and what is there stays unsaid
			d.add(k.place, "a key is text: put it in quotes")
			return
		}
		var t text
		t.decode(d, n)
		if name, ok := unresolved(t.value); ok { // which a shell would replace, and no loader does
			d.add(k.place, "the file's text is taken as it is; for the environment variable %s, write {env: %s}", name, name)
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
		d.add(k.place, "a key is text, or one of {env: NAME}, {file: PATH} and {command: [program, argument]}")
	case k.from.Command != nil && len(k.from.Command) == 0:
		d.add(k.place, "the command is empty")
	case k.from.Env != nil:
		k.from.checkName(d)
	}
	if given == 1 && (k.from.Expires < 0 || k.from.Expires > 0 && k.from.Command == nil) {
		d.add(k.place, "expires is for a command: how long what it prints is good for")
	}
}

// checkName tells of what cannot name an environment variable. It stays unsaid: it may be the key itself.
func (o *keyOrigin) checkName(d *decoder) {
	env := o.Env
	if name, ok := variable(env.value); ok {
		d.add(env.place, "env wants the name alone: {env: %s}", name)
	} else if _, ok := variable("$" + env.value); !ok && env.value != "" {
		d.add(env.place, "env wants the name of an environment variable, as in {env: OPENAI_API_KEY}, and this cannot be one")
	}
}

// unresolved returns the environment variable that is meant by a text where a key should be: what [variable] knows,
// and what people who know other programs write: OPENAI_API_KEY, env:OPENAI_API_KEY.
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

// keyLimit is how large a key may be. A larger one is some other file.
const keyLimit = 64 << 10

// commandTime is how long a command may take to print a key.
const commandTime = 30 * time.Second

// resolve returns the key, or where it comes from if it expires. A problem is
// told with its place, and never shows what was read.
func (k *keySource) resolve(ctx context.Context, b *builder) (llm.Secret, func(context.Context) (string, error)) {
	switch {
	case k.from.Env != nil:
		name := k.from.Env
		value := b.getenv(name.value)
		switch {
		case value != "":
		case name.value == strings.ToUpper(name.value):
			b.add(name.place, "the environment variable %s is not set", name.value)
		default: // few names have small letters, and most keys do
			b.add(name.place, "the environment variable that is named here is not set")
		}
		return llm.Secret(value), nil
	case k.from.File != nil:
		key, err := readKey(b.beside(k.from.File.value))
		if err != nil {
			b.add(k.from.File.place, "the key cannot be read: %v", err)
		}
		b.watchFile(k.from.File.value)
		return key, nil
	case k.from.Command != nil:
		c := &keyCommand{dir: b.dir, expires: k.from.Expires}
		for _, arg := range k.from.Command {
			c.args = append(c.args, arg.value)
		}
		if c.expires > 0 {
			return "", c.token
		}
		key, err := c.run(ctx)
		if err != nil {
			b.add(k.from.Command[0].place, "%v", err)
		}
		return llm.Secret(key), nil
	}
	return k.literal, nil
}

func readKey(path string) (llm.Secret, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, keyLimit+1))
	key := strings.TrimSpace(string(data))
	switch {
	case err != nil:
		return "", err
	case len(data) > keyLimit:
		return "", errors.New("the file is larger than a key is")
	case key == "":
		return "", errors.New("the file is empty")
	}
	return llm.Secret(key), nil
}

// keyCommand is a program that prints a key. It is run as it is, by no shell.
type keyCommand struct {
	args    []string
	dir     string
	expires time.Duration

	lock  sync.Mutex
	key   string
	until time.Time
}

// token returns the key, from a new run if the last one has expired. It is a token source.
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
	program := filepath.Base(c.args[0])
	switch {
	case ctx.Err() != nil:
		return "", errors.New("the command " + program + " did not end in time")
	case err != nil: // what it printed stays unsaid: it may hold a key
		if exit, ok := errors.AsType[*exec.ExitError](err); ok {
			return "", errors.New("the command " + program + " failed: " + exit.ProcessState.String())
		}
		return "", errors.New("the command " + program + " cannot be run: " + err.Error())
	case key == "" || len(key) > keyLimit:
		return "", errors.New("the command " + program + " printed no key")
	}
	return key, nil
}
