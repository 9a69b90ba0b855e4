package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
)

// command is what `fanlight NAME` does instead of serving.
type command struct {
	name, usage, about string
	run                func(c *invocation) error
}

var commands = []command{
	{"token", "[-sub NAME -grant PATTERN=OPS … | -check TOKEN]", "sign a token, or explain one", token},
	{"revoke", "[-sub NAME | -id ID]", "refuse tokens from now on, on every relay", revoke},
}

// errSilent ends a command that has said already what is wrong.
var errSilent = errors.New("said already")

// invocation is a command with what it was given.
type invocation struct {
	command
	args   []string
	flags  *flag.FlagSet
	getenv func(string) string
	in     io.Reader
	out    io.Writer // what a program may read
	notes  io.Writer // what only people read
	file   *file     // the server's configuration, nil for none
}

// runCommand runs the command that the arguments name, if they name one, and
// returns the exit code.
func runCommand(args []string, getenv func(string) string, in io.Reader, out, notes io.Writer) (code int, known bool) {
	for _, c := range commands {
		if len(args) == 0 || args[0] != c.name {
			continue
		}
		i := &invocation{
			command: c, args: args[1:], flags: flag.NewFlagSet("fanlight "+c.name, flag.ContinueOnError), getenv: getenv,
			in: in, out: out, notes: notes,
		}
		i.flags.SetOutput(notes)
		i.flags.Usage = func() {
			_, _ = fmt.Fprintf(notes, "fanlight %s: %s.\n\nusage: fanlight %s %s\n\n", c.name, c.about, c.name, c.usage)
			i.flags.PrintDefaults()
		}
		switch err := c.run(i); {
		case err == nil, errors.Is(err, flag.ErrHelp):
			return 0, true
		case errors.Is(err, errSilent):
			return 1, true
		default:
			_, _ = fmt.Fprintf(notes, "fanlight %s: %v\n", c.name, err)
			return 2, true
		}
	}
	return 0, false
}

// commandUsage lists the commands for `fanlight -h`.
func commandUsage() (lines string) {
	for _, c := range commands {
		lines += fmt.Sprintf("  fanlight %-7s %s (fanlight %s -h)\n", c.name, c.about, c.name)
	}
	return lines
}

// setting adds one of the server's flags, and returns what gives its value once
// the flags were read: they, else the variable, else the file. The variable's
// value is not shown as the default: it may be a secret.
func (i *invocation) setting(name, env, usage string) func() string {
	value := i.flags.String(name, "", usage+"\nenvironment: "+env)
	return func() string {
		given := false
		i.flags.Visit(func(f *flag.Flag) { given = given || f.Name == name })
		if given {
			return *value
		}
		if v := i.getenv(env); v != "" {
			return v
		}
		if i.file != nil {
			v, _ := i.file.values[name].(string)
			return v
		}
		return ""
	}
}

// parse reads the flags, and the server's file if there is one. Its error was
// said already, or is flag.ErrHelp, or is to be said.
func (i *invocation) parse() error {
	path := i.setting("config", "FANLIGHT_CONFIG", "take from this `file` of the server's what neither flag nor variable says")
	switch err := i.flags.Parse(i.args); {
	case errors.Is(err, flag.ErrHelp):
		return err
	case err != nil:
		return errSilent
	case i.flags.NArg() > 0:
		return fmt.Errorf("unexpected argument %q; fanlight %s -h tells what there is", i.flags.Arg(0), i.name)
	case path() == "":
		return nil
	}
	var err error
	server, named := defaults(), ""
	i.file, err = readFile(path(), server.settings(&named))
	return err
}
