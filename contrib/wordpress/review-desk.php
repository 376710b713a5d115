<?php
/**
 * Plugin Name: Review Desk
 * Description: Lets Review Desk say which posts search engines may index, and keeps all others out of the index, the
 *              sitemap and the feed.
 * Version: 1.0.0
 * Requires at least: 5.7
 * Requires PHP: 7.4
 *
 * Settings are constants in wp-config.php; README.md beside this file lists them.
 */

namespace ReviewDesk;

defined( 'ABSPATH' ) || exit;

/** What wp-config.php says, else the default. */
function setting( string $name, string $otherwise ): string {
	$name = "REVIEW_DESK_$name";
	return defined( $name ) ? (string) constant( $name ) : $otherwise;
}

/** The words of a setting that holds several, separated by commas or blanks. */
function words( string $text ): array {
	return preg_split( '/[\s,]+/', $text, -1, PREG_SPLIT_NO_EMPTY );
}

/** The metadata key that says whether a post may be indexed. */
function key_name(): string {
	return setting( 'META_KEY', 'indexable' );
}

/** The types of posts that this holds for. */
function post_types(): array {
	return words( setting( 'POST_TYPES', 'post' ) );
}

/** Whether posts of which the desk has never said anything are left as they were before this plugin came. */
function leaves_unmarked(): bool {
	return 'leave' === setting( 'UNMARKED', 'noindex' );
}

/** Whether this plugin lets a post be indexed; others may still be against it. */
function is_indexable( int $post_id ): bool {
	$said = get_post_meta( $post_id, key_name(), false );
	return $said ? ! in_array( '', array_map( __NAMESPACE__ . '\as_stored', $said ), true ) : leaves_unmarked();
}

/** A flag as WordPress stores it: `1` or an empty text. Two rows of one post that differ are a no. */
function as_stored( $value ): string {
	return $value ? '1' : '';
}

// --- the REST API ------------------------------------------------------------------------------------------------------

/** Late, so that another plugin which already shows a key goes on doing so. */
add_action( 'init', __NAMESPACE__ . '\register_keys', 99 );

function register_keys(): void {
	$may_edit = static fn( $allowed, $key, $post_id ) => current_user_can( 'edit_post', $post_id );
	foreach ( post_types() as $type ) {
		register_once( $type, key_name(), array(
			'type'          => 'boolean',
			'default'       => leaves_unmarked(),
			'auth_callback' => $may_edit,
			'show_in_rest'  => true,
		) );
		foreach ( words( setting( 'SHOWN_KEYS', '' ) ) as $key ) {
			register_once( $type, $key, array(
				'type'          => 'string',
				'auth_callback' => '__return_false',
				'show_in_rest'  => array( 'prepare_callback' => __NAMESPACE__ . '\shown_to_editors' ),
			) );
		}
	}
}

function register_once( string $type, string $key, array $how ): void {
	$known = get_registered_meta_keys( 'post', $type ) + get_registered_meta_keys( 'post' );
	if ( empty( $known[ $key ]['show_in_rest'] ) ) {
		register_post_meta( $type, $key, array( 'single' => true ) + $how );
	}
}

/** Whatever is stored, lists and groups too; only where a post is read to be edited, which takes the right to edit it. */
function shown_to_editors( $value, $request ) {
	return 'edit' === $request['context'] ? $value : '';
}

// --- what search engines see -------------------------------------------------------------------------------------------

/** Last, so that nothing after it lets a post into the index. Where others say noindex, that stays. */
add_filter( 'wp_robots', __NAMESPACE__ . '\robots', PHP_INT_MAX );

function robots( array $robots ): array {
	if ( ! is_singular( post_types() ) ) {
		return $robots;
	}
	if ( ! is_indexable( get_queried_object_id() ) ) {
		unset( $robots['index'], $robots['max-image-preview'], $robots['max-snippet'], $robots['max-video-preview'] );
		return array( 'noindex' => true ) + $robots;
	}
	return empty( $robots['noindex'] ) ? array( 'index' => true ) + $robots : $robots;
}

/** The same as a header, also for what has no head of HTML, such as the feed of a post's comments. */
add_action( 'template_redirect', __NAMESPACE__ . '\robots_header', 0 );

function robots_header(): void {
	if ( ! is_singular( post_types() ) || headers_sent() ) {
		return;
	}
	$said = array();
	foreach ( apply_filters( 'wp_robots', array() ) as $directive => $value ) {
		if ( $value ) {
			$said[] = is_string( $value ) ? "$directive:$value" : $directive;
		}
	}
	header( 'X-Robots-Tag: ' . preg_replace( '/[^\w:, -]/', '', implode( ', ', $said ) ), false );
}

// --- lists of posts ----------------------------------------------------------------------------------------------------

add_filter( 'wp_sitemaps_posts_query_args', __NAMESPACE__ . '\only_indexable_in_sitemap', 10, 2 );

function only_indexable_in_sitemap( array $query, string $type ): array {
	if ( in_array( $type, post_types(), true ) ) {
		$query['meta_query'] = with_condition( $query['meta_query'] ?? array() );
	}
	return $query;
}

add_action( 'pre_get_posts', __NAMESPACE__ . '\only_indexable_in_feed' );

function only_indexable_in_feed( \WP_Query $query ): void {
	if ( ! $query->is_main_query() || ! $query->is_feed() || $query->is_comment_feed() || $query->is_singular() ) {
		return;
	}
	$types = (array) ( $query->get( 'post_type' ) ?: 'post' );
	if ( in_array( 'any', $types, true ) || array_intersect( $types, post_types() ) ) {
		$query->set( 'meta_query', with_condition( $query->get( 'meta_query' ) ?: array() ) );
	}
}

/** Whatever else is asked of the metadata, and that the post is indexable. */
function with_condition( array $asked ): array {
	$marked = array( 'key' => key_name(), 'value' => '1' );
	if ( leaves_unmarked() ) {
		$marked = array( 'relation' => 'OR', $marked, array( 'key' => key_name(), 'compare' => 'NOT EXISTS' ) );
	}
	return $asked ? array( 'relation' => 'AND', $asked, $marked ) : array( $marked );
}

// --- caches ------------------------------------------------------------------------------------------------------------

/** Page caches empty what they hold of a post when WordPress says that the post's cache is stale. */
foreach ( array( 'added_post_meta', 'updated_post_meta', 'deleted_post_meta' ) as $change ) {
	add_action( $change, __NAMESPACE__ . '\flag_has_changed', 10, 3 );
}

function flag_has_changed( $row_ids, $post_id, $key ): void {
	if ( key_name() === $key ) {
		clean_post_cache( (int) $post_id );
	}
}
