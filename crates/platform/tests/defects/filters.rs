//! What selects an answer is its key, however it is written.

use std::collections::BTreeMap;

use http::StatusCode;

use crate::school::School;

/// Row 5: the same selection, written otherwise.
#[tokio::test]
async fn the_order_of_parameters_splits_nothing() {
    let school = School::open().await;
    let teacher = school.login("teacher-1").await;
    let groups: [&[&str]; 3] = [
        &[
            "/api/reports/?type=analytics&status=sent&page_size=3&ordering=title",
            "/api/reports/?ordering=title&page_size=3&status=sent&type=analytics",
            "/api/reports/?page=1&status=sent&ordering=title&type=analytics&page_size=3",
            "/api/reports/?type=%61nalytics&status=sent&page_size=3&ordering=title",
        ],
        &[
            "/api/reports/?search=class+1",
            "/api/reports/?search=class%201",
            "/api/reports/?page_size=20&search=class+1&ordering=-week_start",
        ],
        &[
            "/api/reports/export/?type=analytics&page_size=2&format=json",
            "/api/reports/export/?page_size=2&type=analytics",
        ],
    ];
    for group in groups {
        let first = school.get(&teacher, group[0]).await;
        assert_eq!((first.status, first.x_cache()), (StatusCode::OK, "MISS"), "{}", group[0]);
        for target in group {
            let read = school.get(&teacher, target).await;
            assert_eq!(read.x_cache(), "HIT", "{target}");
            assert!(read.body == first.body, "{target}");
        }
    }
}

/// Row 5: other selections out of the same words.
#[tokio::test]
async fn values_under_other_names_mix_nothing() {
    let school = School::open().await;
    let teacher = school.login("teacher-1").await;
    let targets = [
        "/api/reports/?page=2&page_size=3",
        "/api/reports/?page=3&page_size=2",
        "/api/reports/?search=sent",
        "/api/reports/?status=sent",
        "/api/reports/?search=analytics",
        "/api/reports/?type=analytics",
        "/api/reports/?search=status%3Dsent",
        "/api/reports/?search=1",
        "/api/reports/",
        "/api/reports/?ordering=week_start",
        "/api/reports/export/",
        "/api/reports/export/?format=csv",
    ];
    let mut computed = BTreeMap::new();
    for target in targets {
        let read = school.get(&teacher, target).await;
        assert_eq!((read.status, read.x_cache()), (StatusCode::OK, "MISS"), "{target}");
        computed.insert(target, school.bypass(&teacher, target).await.body);
    }
    for (target, body) in &computed {
        let read = school.get(&teacher, target).await;
        assert_eq!(read.x_cache(), "HIT", "{target}");
        assert!(&read.body == body, "{target}");
    }
    let different: std::collections::BTreeSet<&Vec<u8>> = computed.values().collect();
    assert!(different.len() >= 8, "{} different answers: the targets tell something apart", different.len());
}
