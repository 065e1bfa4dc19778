//! A page of the book, taken apart: what its fenced blocks are, and which commands they hold.

use std::ops::Range;
use std::path::{Path, PathBuf};

/// A Markdown file.
pub struct Page {
    pub path: PathBuf,
    pub lines: Vec<String>,
    pub blocks: Vec<Block>,
    /// The words of each `<!-- harness: … -->`.
    pub directives: Vec<Vec<String>>,
}

/// A fenced block.
pub struct Block {
    /// The first word behind the fence.
    pub language: String,
    /// The others.
    pub attributes: Vec<String>,
    /// Its lines, as indices of the page's.
    pub lines: Range<usize>,
}

/// One command of a `console` block, and what is shown below it.
pub struct Command {
    pub text: String,
    /// The lines of what it prints, as indices of the page's.
    pub output: Range<usize>,
}

impl Block {
    pub fn has(&self, attribute: &str) -> bool {
        self.attributes.iter().any(|a| a == attribute)
    }

    /// The value of `key=value`.
    pub fn value(&self, key: &str) -> Option<&str> {
        self.attributes.iter().find_map(|a| a.strip_prefix(key)?.strip_prefix('='))
    }
}

impl Page {
    pub fn read(path: &Path) -> Page {
        let text = std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        Page::parse(path, &text)
    }

    pub fn parse(path: &Path, text: &str) -> Page {
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        let (mut blocks, mut directives, mut open) = (Vec::new(), Vec::new(), None);
        for (number, line) in lines.iter().enumerate() {
            if let Some(fence) = line.trim_start().strip_prefix("```") {
                match open.take() {
                    None => {
                        let mut words = fence.split_whitespace().map(str::to_owned);
                        open = Some((words.next().unwrap_or_default(), words.collect(), number + 1));
                    }
                    Some((language, attributes, begin)) => {
                        blocks.push(Block { language, attributes, lines: begin..number });
                    }
                }
            } else if open.is_none()
                && let Some(comment) = line.trim().strip_prefix("<!-- harness:")
            {
                let words = comment.trim_end_matches("-->").split_whitespace();
                directives.push(words.map(str::to_owned).collect());
            }
        }
        assert!(open.is_none(), "{}: a fence is not closed", path.display());
        Page { path: path.to_owned(), lines, blocks, directives }
    }

    /// The commands of a block: `$ ` begins one, and a line below it that begins with `> ` goes on with it.
    pub fn commands(&self, block: &Block) -> Vec<Command> {
        let mut commands: Vec<Command> = Vec::new();
        for number in block.lines.clone() {
            let line = &self.lines[number];
            if let Some(text) = line.strip_prefix("$ ") {
                commands.push(Command { text: text.to_owned(), output: number + 1..number + 1 });
                continue;
            }
            let Some(last) = commands.last_mut() else {
                panic!("{}:{}: a console block begins with `$ `", self.path.display(), number + 1)
            };
            match line.strip_prefix("> ") {
                Some(more) if last.output.is_empty() => {
                    last.text = format!("{}\n{more}", last.text);
                    last.output = number + 1..number + 1;
                }
                _ => last.output.end = number + 1,
            }
        }
        commands
    }

    /// What is shown below a command.
    pub fn shown(&self, command: &Command) -> &[String] {
        &self.lines[command.output.clone()]
    }

    /// Whether `<!-- harness: WORD … -->` is on the page, and what follows the word.
    pub fn directive(&self, word: &str) -> Option<&[String]> {
        self.directives.iter().find(|d| d.first().is_some_and(|first| first == word)).map(|d| &d[1..])
    }
}
