use std::io::Read;

/// Replies to one request.
fn handle(body: &str) -> String {
    format!("Hello! You sent: {}", body.trim())
}

fn main() -> std::io::Result<()> {
    let mut body = String::new();
    std::io::stdin().read_to_string(&mut body)?;
    println!("{}", handle(&body));
    Ok(())
}
