// Package jinja2 compares the chat templates of Parley with Python's jinja2, the engine that
// they are written for.
package jinja2
