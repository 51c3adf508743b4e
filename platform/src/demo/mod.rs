use crate::node::Node;
#[derive(Clone)]
pub struct Staff;
impl Staff {
    pub fn logins(&self) -> String {
        String::new()
    }
}
pub async fn staff(_: &Node) -> Result<Staff, Box<dyn std::error::Error>> {
    Ok(Staff)
}
pub struct Rides {
    pub url: String,
    pub riders: usize,
    pub drivers: usize,
    pub trips: usize,
    pub seed: u64,
    pub staff: Staff,
}
impl Rides {
    pub fn at(_: &crate::cli::Demo) -> Result<Self, Box<dyn std::error::Error>> {
        Err("".into())
    }
}
pub async fn run(
    _: Rides,
    _: interstate_http::Shutdown,
) -> Result<String, Box<dyn std::error::Error + Send + Sync>> {
    Ok(String::new())
}
